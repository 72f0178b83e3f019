-- Nothing wrote to the outbox before this release, so it is made anew. (A foreign key added to a table under forced
-- row-level security would be checked as its owner, who sees one company at a time.)
DROP TABLE outbound_attempts;
;;
DROP TABLE outbound;
;;
ALTER TABLE clock_shift ADD COLUMN is_rehearsal BOOLEAN DEFAULT false NOT NULL;
;;
CREATE TABLE inbox_minutes (
    minute TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_inbox_minutes PRIMARY KEY (minute)
);
;;
CREATE TABLE send_hold (
    is_only BOOLEAN DEFAULT true NOT NULL,
    reason TEXT NOT NULL,
    held_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_send_hold PRIMARY KEY (is_only),
    CONSTRAINT ck_send_hold_is_only CHECK (is_only)
);
;;
CREATE TABLE stray_events (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    body BYTEA NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_stray_events PRIMARY KEY (id)
);
;;
CREATE INDEX ix_stray_events_received_at ON stray_events (received_at);
;;
CREATE TABLE send_batches (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    state VARCHAR(32) DEFAULT 'running' NOT NULL,
    reason TEXT,
    start_key TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_send_batches PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_send_batches_tenant_id_start_key UNIQUE (tenant_id, start_key),
    CONSTRAINT fk_send_batches_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_send_batches_state CHECK (state IN ('running', 'paused', 'ended'))
);
;;
CREATE INDEX ix_send_batches_running ON send_batches (tenant_id, id) WHERE state = 'running';
;;
CREATE TABLE suppressions (
    tenant_id UUID NOT NULL,
    identity_hash BYTEA NOT NULL,
    opted_out_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_suppressions PRIMARY KEY (tenant_id, identity_hash),
    CONSTRAINT fk_suppressions_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE contact_events (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID NOT NULL,
    kind VARCHAR(32) NOT NULL,
    detail JSONB DEFAULT '{}'::jsonb NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_contact_events PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_contact_events_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_contact_events_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_contact_events_kind CHECK (kind IN ('merged', 'unmerged', 'renumbered'))
);
;;
CREATE INDEX ix_contact_events_tenant_id_contact_id ON contact_events (tenant_id, contact_id);
;;
CREATE TABLE message_templates (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    connection_id UUID NOT NULL,
    provider_id TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    status TEXT NOT NULL,
    category TEXT NOT NULL,
    quality TEXT,
    components JSONB NOT NULL,
    synced_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_message_templates PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_message_templates_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT uq_message_templates_tenant_id_connection_id_name_language UNIQUE (tenant_id, connection_id, name, language),
    CONSTRAINT fk_message_templates_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE parked_news (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    connection_id UUID NOT NULL,
    provider_id TEXT NOT NULL,
    kind VARCHAR(32) NOT NULL,
    digest TEXT NOT NULL,
    news JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_parked_news PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_parked_news_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT uq_parked_news_tenant_id_connection_id_provider_id_digest UNIQUE (tenant_id, connection_id, provider_id, digest),
    CONSTRAINT fk_parked_news_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_parked_news_kind CHECK (kind IN ('status', 'edit', 'delete'))
);
;;
CREATE INDEX ix_parked_news_oldest ON parked_news (created_at);
;;
CREATE TABLE send_breakers (
    tenant_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    failures BIGINT DEFAULT '0' NOT NULL,
    open_until TIMESTAMP WITH TIME ZONE,
    paced_until TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_send_breakers PRIMARY KEY (tenant_id, connection_id),
    CONSTRAINT fk_send_breakers_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT fk_send_breakers_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE consent_events (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID NOT NULL,
    kind VARCHAR(32) NOT NULL,
    source VARCHAR(32) NOT NULL,
    quote TEXT,
    message_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_consent_events PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_consent_events_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_consent_events_tenant_id_message_id FOREIGN KEY(tenant_id, message_id) REFERENCES messages (tenant_id, id),
    CONSTRAINT fk_consent_events_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_consent_events_kind CHECK (kind IN ('opted_out', 'opted_in')),
    CONSTRAINT ck_consent_events_source CHECK (source IN ('keyword', 'button', 'provider', 'staff', 'model', 'link', 'merge', 'import'))
);
;;
CREATE INDEX ix_consent_events_tenant_id_contact_id_created_at ON consent_events (tenant_id, contact_id, created_at);
;;
CREATE TABLE media_files (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    message_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    kind VARCHAR(32) NOT NULL,
    provider_media_id TEXT,
    declared_mime TEXT,
    declared_sha256 TEXT,
    filename TEXT,
    state VARCHAR(32) DEFAULT 'pending' NOT NULL,
    reason TEXT,
    mime TEXT,
    size BIGINT,
    sha256 TEXT,
    storage_key TEXT,
    thumbnail_key TEXT,
    sealed_key BYTEA,
    attempts BIGINT DEFAULT '0' NOT NULL,
    fence BIGINT DEFAULT '0' NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    next_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_media_files PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_media_files_tenant_id_message_id FOREIGN KEY(tenant_id, message_id) REFERENCES messages (tenant_id, id),
    CONSTRAINT fk_media_files_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT uq_media_files_tenant_id_message_id UNIQUE (tenant_id, message_id),
    CONSTRAINT fk_media_files_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_media_files_kind CHECK (kind IN ('text', 'image', 'video', 'audio', 'voice', 'document', 'sticker', 'location', 'contacts', 'interactive', 'template', 'reaction', 'order', 'system', 'unsupported')),
    CONSTRAINT ck_media_files_state CHECK (state IN ('pending', 'stored', 'refused', 'gone'))
);
;;
CREATE INDEX ix_media_files_pending ON media_files (next_at) WHERE state = 'pending';
;;
CREATE TABLE outbound (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    intent_key TEXT NOT NULL,
    conversation_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    message_id UUID NOT NULL,
    batch_id UUID,
    seq BIGINT NOT NULL,
    lane VARCHAR(32) NOT NULL,
    purpose VARCHAR(32) NOT NULL,
    state VARCHAR(32) DEFAULT 'queued' NOT NULL,
    reason TEXT,
    content JSONB NOT NULL,
    reply_to TEXT,
    control_epoch BIGINT NOT NULL,
    answers_at TIMESTAMP WITH TIME ZONE,
    not_before TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    retry_at TIMESTAMP WITH TIME ZONE,
    attempt BIGINT DEFAULT '0' NOT NULL,
    refusals BIGINT DEFAULT '0' NOT NULL,
    fence BIGINT DEFAULT '0' NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    lease_until TIMESTAMP WITH TIME ZONE,
    unknown_since TIMESTAMP WITH TIME ZONE,
    provider_id TEXT,
    is_held BOOLEAN DEFAULT false NOT NULL,
    error JSONB,
    pricing JSONB,
    accepted_at TIMESTAMP WITH TIME ZONE,
    sent_at TIMESTAMP WITH TIME ZONE,
    delivered_at TIMESTAMP WITH TIME ZONE,
    read_at TIMESTAMP WITH TIME ZONE,
    played_at TIMESTAMP WITH TIME ZONE,
    failed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_outbound PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_outbound_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_outbound_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT fk_outbound_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_outbound_tenant_id_message_id FOREIGN KEY(tenant_id, message_id) REFERENCES messages (tenant_id, id),
    CONSTRAINT fk_outbound_tenant_id_batch_id FOREIGN KEY(tenant_id, batch_id) REFERENCES send_batches (tenant_id, id),
    CONSTRAINT uq_outbound_tenant_id_intent_key UNIQUE (tenant_id, intent_key),
    CONSTRAINT uq_outbound_tenant_id_message_id UNIQUE (tenant_id, message_id),
    CONSTRAINT fk_outbound_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_outbound_lane CHECK (lane IN ('reply', 'bulk')),
    CONSTRAINT ck_outbound_purpose CHECK (purpose IN ('reply', 'staff', 'utility', 'marketing', 'notice')),
    CONSTRAINT ck_outbound_state CHECK (state IN ('draft', 'queued', 'sending', 'unknown', 'accepted', 'sent', 'delivered', 'read', 'failed', 'suppressed', 'expired', 'ambiguous'))
);
;;
CREATE INDEX ix_outbound_batch_states ON outbound (tenant_id, batch_id, state) WHERE batch_id IS NOT NULL;
;;
CREATE INDEX ix_outbound_batch ON outbound (tenant_id, batch_id, lane, not_before) WHERE state = 'queued' AND batch_id IS NOT NULL;
;;
CREATE INDEX ix_outbound_connection ON outbound (tenant_id, connection_id, sent_at);
;;
CREATE INDEX ix_outbound_contact ON outbound (tenant_id, contact_id) WHERE state IN ('queued', 'sending');
;;
CREATE INDEX ix_outbound_conversation ON outbound (tenant_id, conversation_id, created_at);
;;
CREATE INDEX ix_outbound_due ON outbound (lane, not_before) WHERE state = 'queued' AND batch_id IS NULL;
;;
CREATE INDEX ix_outbound_held ON outbound (tenant_id, connection_id, created_at) WHERE is_held;
;;
CREATE INDEX ix_outbound_lease ON outbound (lease_until) WHERE state = 'sending';
;;
CREATE INDEX ix_outbound_open ON outbound (tenant_id, conversation_id, seq) WHERE state IN ('queued', 'sending', 'unknown');
;;
CREATE INDEX ix_outbound_unknown ON outbound (unknown_since) WHERE state = 'unknown';
;;
CREATE UNIQUE INDEX uq_outbound_provider_id ON outbound (tenant_id, connection_id, provider_id) WHERE provider_id IS NOT NULL;
;;
CREATE TABLE outbound_attempts (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    outbound_id UUID NOT NULL,
    number BIGINT NOT NULL,
    tag TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE,
    outcome VARCHAR(32),
    answer JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT pk_outbound_attempts PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_outbound_attempts_tenant_id_outbound_id FOREIGN KEY(tenant_id, outbound_id) REFERENCES outbound (tenant_id, id),
    CONSTRAINT uq_outbound_attempts_tenant_id_outbound_id_number UNIQUE (tenant_id, outbound_id, number),
    CONSTRAINT uq_outbound_attempts_tenant_id_tag UNIQUE (tenant_id, tag),
    CONSTRAINT ck_outbound_attempts_number CHECK (number > 0),
    CONSTRAINT fk_outbound_attempts_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_outbound_attempts_outcome CHECK (outcome IN ('accepted', 'not_accepted', 'unknown'))
);
;;
ALTER TABLE messages ADD COLUMN edited_at TIMESTAMP WITH TIME ZONE;
;;
ALTER TABLE connections
    ADD COLUMN health JSONB DEFAULT '{}'::jsonb NOT NULL,
    ADD COLUMN checked_at TIMESTAMP WITH TIME ZONE,
    DROP CONSTRAINT ck_connections_state,
    ADD CONSTRAINT ck_connections_state
        CHECK (state IN ('active', 'credential_refused', 'needs_pairing', 'account_blocked', 'disabled'));
;;
ALTER TABLE companies
    ADD COLUMN quiet_from TIME WITHOUT TIME ZONE DEFAULT '21:00' NOT NULL,
    ADD COLUMN quiet_until TIME WITHOUT TIME ZONE DEFAULT '08:00' NOT NULL;
