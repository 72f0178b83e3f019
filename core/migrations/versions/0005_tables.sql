CREATE TABLE embedding_spaces (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    model TEXT NOT NULL,
    dimensions BIGINT NOT NULL,
    state VARCHAR(32) DEFAULT 'building' NOT NULL,
    is_behind BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    activated_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_embedding_spaces PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_embedding_spaces_dimensions CHECK (dimensions BETWEEN 1 AND 4000),
    CONSTRAINT uq_embedding_spaces_tenant_id_model_dimensions UNIQUE (tenant_id, model, dimensions),
    CONSTRAINT fk_embedding_spaces_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_embedding_spaces_state CHECK (state IN ('building', 'active', 'retired'))
);
;;
CREATE INDEX ix_embedding_spaces_behind ON embedding_spaces (created_at) WHERE is_behind AND state <> 'retired';
;;
CREATE UNIQUE INDEX uq_embedding_spaces_active ON embedding_spaces (tenant_id) WHERE state = 'active';
;;
CREATE TABLE knowledge_bases (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    version BIGINT DEFAULT '0' NOT NULL,
    passages BIGINT DEFAULT '0' NOT NULL,
    next_number BIGINT DEFAULT '0' NOT NULL,
    is_reserved BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_knowledge_bases PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_knowledge_bases_tenant_id_name UNIQUE (tenant_id, name),
    CONSTRAINT fk_knowledge_bases_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE knowledge_synonyms (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    word TEXT NOT NULL,
    others TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_knowledge_synonyms PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_knowledge_synonyms_tenant_id_word UNIQUE (tenant_id, word),
    CONSTRAINT fk_knowledge_synonyms_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE ingestion_jobs (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    base_id UUID NOT NULL,
    kind VARCHAR(32) NOT NULL,
    name TEXT NOT NULL,
    address TEXT,
    state VARCHAR(32) DEFAULT 'listing' NOT NULL,
    items BIGINT DEFAULT '0' NOT NULL,
    done BIGINT DEFAULT '0' NOT NULL,
    refused BIGINT DEFAULT '0' NOT NULL,
    pieces BIGINT DEFAULT '0' NOT NULL,
    reason TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_ingestion_jobs PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_ingestion_jobs_tenant_id_base_id FOREIGN KEY(tenant_id, base_id) REFERENCES knowledge_bases (tenant_id, id),
    CONSTRAINT fk_ingestion_jobs_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_ingestion_jobs_kind CHECK (kind IN ('file', 'folder', 'pasted', 'page', 'sitemap')),
    CONSTRAINT ck_ingestion_jobs_state CHECK (state IN ('listing', 'reading', 'done', 'stopped'))
);
;;
CREATE INDEX ix_ingestion_jobs_tenant_id_created_at ON ingestion_jobs (tenant_id, created_at);
;;
CREATE INDEX ix_ingestion_jobs_unfinished ON ingestion_jobs (updated_at) WHERE state IN ('listing', 'reading');
;;
CREATE TABLE knowledge_documents (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    base_id UUID NOT NULL,
    source TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    state VARCHAR(32) DEFAULT 'active' NOT NULL,
    version BIGINT DEFAULT '1' NOT NULL,
    content_sha256 TEXT NOT NULL,
    notes JSONB DEFAULT '[]'::jsonb NOT NULL,
    passages BIGINT DEFAULT '0' NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE,
    valid_until TIMESTAMP WITH TIME ZONE,
    published_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_knowledge_documents PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_knowledge_documents_tenant_id_base_id FOREIGN KEY(tenant_id, base_id) REFERENCES knowledge_bases (tenant_id, id),
    CONSTRAINT uq_knowledge_documents_tenant_id_base_id_source UNIQUE (tenant_id, base_id, source),
    CONSTRAINT ck_knowledge_documents_validity CHECK (valid_from < valid_until),
    CONSTRAINT fk_knowledge_documents_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_knowledge_documents_state CHECK (state IN ('active', 'held', 'retired'))
);
;;
CREATE INDEX ix_knowledge_documents_tenant_id_base_id_updated_at ON knowledge_documents (tenant_id, base_id, updated_at);
;;
CREATE TABLE knowledge_postings (
    tenant_id UUID NOT NULL,
    base_id UUID NOT NULL,
    word TEXT NOT NULL,
    block BIGINT NOT NULL,
    places BYTEA NOT NULL,
    weights BYTEA NOT NULL,
    CONSTRAINT pk_knowledge_postings PRIMARY KEY (tenant_id, base_id, word, block),
    CONSTRAINT fk_knowledge_postings_tenant_id_base_id FOREIGN KEY(tenant_id, base_id) REFERENCES knowledge_bases (tenant_id, id),
    CONSTRAINT fk_knowledge_postings_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE knowledge_spellings (
    tenant_id UUID NOT NULL,
    base_id UUID NOT NULL,
    letters TEXT NOT NULL,
    words TEXT[] NOT NULL,
    CONSTRAINT pk_knowledge_spellings PRIMARY KEY (tenant_id, base_id, letters),
    CONSTRAINT fk_knowledge_spellings_tenant_id_base_id FOREIGN KEY(tenant_id, base_id) REFERENCES knowledge_bases (tenant_id, id),
    CONSTRAINT fk_knowledge_spellings_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE approved_answers (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    document_id UUID,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    persona TEXT,
    origin TEXT,
    approved_by UUID,
    valid_from TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE,
    hits BIGINT DEFAULT '0' NOT NULL,
    last_hit_at TIMESTAMP WITH TIME ZONE,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    replaced_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_approved_answers PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_approved_answers_tenant_id_document_id FOREIGN KEY(tenant_id, document_id) REFERENCES knowledge_documents (tenant_id, id),
    CONSTRAINT fk_approved_answers_tenant_id_replaced_by FOREIGN KEY(tenant_id, replaced_by) REFERENCES approved_answers (tenant_id, id),
    CONSTRAINT ck_approved_answers_validity CHECK (valid_from < valid_until),
    CONSTRAINT uq_approved_answers_tenant_id_document_id UNIQUE (tenant_id, document_id),
    CONSTRAINT fk_approved_answers_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_approved_answers_tenant_id_created_at ON approved_answers (tenant_id, created_at);
;;
CREATE TABLE ingestion_items (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    job_id UUID NOT NULL,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    address TEXT,
    storage_key TEXT,
    sealed_key BYTEA,
    size BIGINT,
    sha256 TEXT,
    state VARCHAR(32) DEFAULT 'waiting' NOT NULL,
    document_id UUID,
    reason TEXT,
    notes JSONB DEFAULT '[]'::jsonb NOT NULL,
    pieces BIGINT DEFAULT '0' NOT NULL,
    attempts BIGINT DEFAULT '0' NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    fence BIGINT DEFAULT '0' NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_ingestion_items PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_ingestion_items_tenant_id_job_id FOREIGN KEY(tenant_id, job_id) REFERENCES ingestion_jobs (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_ingestion_items_tenant_id_document_id FOREIGN KEY(tenant_id, document_id) REFERENCES knowledge_documents (tenant_id, id) ON DELETE SET NULL (document_id),
    CONSTRAINT uq_ingestion_items_tenant_id_job_id_position UNIQUE (tenant_id, job_id, position),
    CONSTRAINT fk_ingestion_items_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_ingestion_items_state CHECK (state IN ('waiting', 'done', 'unchanged', 'refused', 'failed'))
);
;;
CREATE INDEX ix_ingestion_items_tenant_id_state_lease_until ON ingestion_items (tenant_id, state, lease_until);
;;
CREATE TABLE knowledge_passages (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    base_id UUID NOT NULL,
    document_id UUID NOT NULL,
    number BIGINT NOT NULL,
    position BIGINT NOT NULL,
    body TEXT NOT NULL,
    title TEXT NOT NULL,
    headings TEXT[] DEFAULT '{}' NOT NULL,
    page BIGINT,
    flags TEXT[] DEFAULT '{}' NOT NULL,
    sha256 TEXT NOT NULL,
    likeness BYTEA NOT NULL,
    features SPARSEVEC(536870912) NOT NULL,
    edition BIGINT DEFAULT '0' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_knowledge_passages PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_knowledge_passages_tenant_id_base_id FOREIGN KEY(tenant_id, base_id) REFERENCES knowledge_bases (tenant_id, id),
    CONSTRAINT fk_knowledge_passages_tenant_id_document_id FOREIGN KEY(tenant_id, document_id) REFERENCES knowledge_documents (tenant_id, id),
    CONSTRAINT uq_knowledge_passages_tenant_id_base_id_number UNIQUE (tenant_id, base_id, number),
    CONSTRAINT uq_knowledge_passages_tenant_id_document_id_sha256 UNIQUE (tenant_id, document_id, sha256),
    CONSTRAINT fk_knowledge_passages_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE answer_conflicts (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    answer_id UUID NOT NULL,
    passage_id UUID NOT NULL,
    said TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_answer_conflicts PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_answer_conflicts_tenant_id_answer_id FOREIGN KEY(tenant_id, answer_id) REFERENCES approved_answers (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_answer_conflicts_tenant_id_passage_id FOREIGN KEY(tenant_id, passage_id) REFERENCES knowledge_passages (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_answer_conflicts_tenant_id_answer_id_passage_id UNIQUE (tenant_id, answer_id, passage_id),
    CONSTRAINT fk_answer_conflicts_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_answer_conflicts_tenant_id_passage_id ON answer_conflicts (tenant_id, passage_id);
;;
CREATE TABLE knowledge_gaps (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    question TEXT NOT NULL,
    words TEXT[] NOT NULL,
    persona TEXT,
    state VARCHAR(32) DEFAULT 'open' NOT NULL,
    asked BIGINT DEFAULT '1' NOT NULL,
    answer_id UUID,
    first_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_knowledge_gaps PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_knowledge_gaps_tenant_id_answer_id FOREIGN KEY(tenant_id, answer_id) REFERENCES approved_answers (tenant_id, id),
    CONSTRAINT fk_knowledge_gaps_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_knowledge_gaps_state CHECK (state IN ('open', 'answered', 'dismissed'))
);
;;
CREATE INDEX ix_knowledge_gaps_open ON knowledge_gaps (tenant_id, last_at) WHERE state = 'open';
;;
CREATE TABLE passage_vectors (
    tenant_id UUID NOT NULL,
    space_id UUID NOT NULL,
    passage_id UUID NOT NULL,
    base_id UUID NOT NULL,
    dimensions BIGINT NOT NULL,
    embedding HALFVEC,
    CONSTRAINT pk_passage_vectors PRIMARY KEY (tenant_id, space_id, passage_id),
    CONSTRAINT fk_passage_vectors_tenant_id_space_id FOREIGN KEY(tenant_id, space_id) REFERENCES embedding_spaces (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_passage_vectors_tenant_id_passage_id FOREIGN KEY(tenant_id, passage_id) REFERENCES knowledge_passages (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_passage_vectors_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_passage_vectors_near_1024 ON passage_vectors USING hnsw ((embedding::halfvec(1024)) halfvec_cosine_ops) WHERE dimensions = 1024;
;;
CREATE INDEX ix_passage_vectors_near_1536 ON passage_vectors USING hnsw ((embedding::halfvec(1536)) halfvec_cosine_ops) WHERE dimensions = 1536;
;;
CREATE INDEX ix_passage_vectors_near_256 ON passage_vectors USING hnsw ((embedding::halfvec(256)) halfvec_cosine_ops) WHERE dimensions = 256;
;;
CREATE INDEX ix_passage_vectors_near_3072 ON passage_vectors USING hnsw ((embedding::halfvec(3072)) halfvec_cosine_ops) WHERE dimensions = 3072;
;;
CREATE INDEX ix_passage_vectors_near_384 ON passage_vectors USING hnsw ((embedding::halfvec(384)) halfvec_cosine_ops) WHERE dimensions = 384;
;;
CREATE INDEX ix_passage_vectors_near_768 ON passage_vectors USING hnsw ((embedding::halfvec(768)) halfvec_cosine_ops) WHERE dimensions = 768;
;;
CREATE INDEX ix_passage_vectors_sample ON passage_vectors (tenant_id, base_id, space_id, uuid_hash(passage_id));
;;
CREATE INDEX ix_passage_vectors_tenant_id_passage_id ON passage_vectors (tenant_id, passage_id);
;;
-- It does not shrink, and is looked at again and again.
ALTER TABLE knowledge_passages ALTER COLUMN features SET STORAGE EXTERNAL;
