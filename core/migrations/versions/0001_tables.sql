CREATE TABLE companies (
    id UUID NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    time_zone TEXT DEFAULT 'America/Sao_Paulo' NOT NULL,
    locale TEXT DEFAULT 'pt-BR' NOT NULL,
    retention_days BIGINT DEFAULT '730' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    shredded_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_companies PRIMARY KEY (id),
    CONSTRAINT ck_companies_slug CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    CONSTRAINT ck_companies_retention_days CHECK (retention_days BETWEEN 1 AND 36500),
    CONSTRAINT uq_companies_slug UNIQUE (slug)
);
;;
CREATE TABLE schedule_ledger (
    schedule TEXT NOT NULL,
    fire_at TIMESTAMP WITH TIME ZONE NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_schedule_ledger PRIMARY KEY (schedule, fire_at)
);
;;
CREATE TABLE users (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    name TEXT DEFAULT '' NOT NULL,
    locale TEXT DEFAULT 'pt-BR' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT ck_users_email CHECK (email = lower(email)),
    CONSTRAINT uq_users_email UNIQUE (email)
);
;;
CREATE TABLE addresses (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    company_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    CONSTRAINT pk_addresses PRIMARY KEY (kind, value),
    CONSTRAINT fk_addresses_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_addresses_company_id ON addresses (company_id);
;;
CREATE TABLE api_key_index (
    digest BYTEA NOT NULL,
    company_id UUID NOT NULL,
    api_key_id UUID NOT NULL,
    CONSTRAINT pk_api_key_index PRIMARY KEY (digest),
    CONSTRAINT fk_api_key_index_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_api_key_index_company_id ON api_key_index (company_id);
;;
CREATE TABLE api_keys (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    role VARCHAR(32) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_api_keys PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_api_keys_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_api_keys_role CHECK (role IN ('owner', 'admin', 'agent', 'viewer'))
);
;;
CREATE TABLE audit_log (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    actor_kind VARCHAR(32) NOT NULL,
    actor_id UUID,
    action TEXT NOT NULL,
    subject_id UUID,
    detail JSONB DEFAULT '{}'::jsonb NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_audit_log PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_audit_log_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_audit_log_actor_kind CHECK (actor_kind IN ('user', 'api_key', 'operator', 'system'))
);
;;
CREATE INDEX ix_audit_log_newest ON audit_log (tenant_id, created_at DESC, id DESC);
;;
CREATE TABLE company_keys (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    wrapped BYTEA NOT NULL,
    kek_id TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_company_keys PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_company_keys_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_company_keys_kek_id ON company_keys (kek_id);
;;
CREATE TABLE connections (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    kind VARCHAR(32) NOT NULL,
    name TEXT NOT NULL,
    state VARCHAR(32) DEFAULT 'active' NOT NULL,
    state_reason TEXT,
    persona TEXT,
    settings JSONB DEFAULT '{}'::jsonb NOT NULL,
    credentials BYTEA,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_connections PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_connections_tenant_id_kind_name UNIQUE (tenant_id, kind, name),
    CONSTRAINT fk_connections_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_connections_kind CHECK (kind IN ('whatsapp', 'baileys', 'sms', 'voice-retell', 'voice-vapi', 'telegram')),
    CONSTRAINT ck_connections_state CHECK (state IN ('active', 'credential_refused', 'needs_pairing', 'disabled'))
);
;;
CREATE TABLE contacts (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT,
    locale TEXT,
    time_zone TEXT,
    opted_out_at TIMESTAMP WITH TIME ZONE,
    merged_into UUID,
    fields JSONB DEFAULT '{}'::jsonb NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_contacts PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_contacts_tenant_id_merged_into FOREIGN KEY(tenant_id, merged_into) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_contacts_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_contacts_newest ON contacts (tenant_id, created_at DESC, id DESC);
;;
CREATE TABLE domain_events (
    tenant_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject_id UUID,
    payload JSONB DEFAULT '{}'::jsonb NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_domain_events PRIMARY KEY (tenant_id, seq),
    CONSTRAINT fk_domain_events_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_domain_events_tenant_id_created_at ON domain_events (tenant_id, created_at);
;;
CREATE TABLE event_counters (
    tenant_id UUID NOT NULL,
    last_seq BIGINT DEFAULT '0' NOT NULL,
    CONSTRAINT pk_event_counters PRIMARY KEY (tenant_id),
    CONSTRAINT fk_event_counters_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE event_progress (
    tenant_id UUID NOT NULL,
    consumer TEXT NOT NULL,
    seq BIGINT DEFAULT '0' NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_event_progress PRIMARY KEY (tenant_id, consumer),
    CONSTRAINT fk_event_progress_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE memberships (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    role VARCHAR(32) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_memberships PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_memberships_tenant_id_user_id UNIQUE (tenant_id, user_id),
    CONSTRAINT fk_memberships_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT fk_memberships_user_id FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_memberships_role CHECK (role IN ('owner', 'admin', 'agent', 'viewer'))
);
;;
CREATE INDEX ix_memberships_user_id ON memberships (user_id);
;;
CREATE TABLE contact_identities (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID NOT NULL,
    kind VARCHAR(32) NOT NULL,
    value TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_contact_identities PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_contact_identities_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT uq_contact_identities_tenant_id_kind_value UNIQUE (tenant_id, kind, value),
    CONSTRAINT fk_contact_identities_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_contact_identities_kind CHECK (kind IN ('phone', 'wa_id', 'bsuid', 'lid', 'username', 'email'))
);
;;
CREATE INDEX ix_contact_identities_tenant_id_contact_id ON contact_identities (tenant_id, contact_id);
;;
CREATE TABLE conversations (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    control VARCHAR(32) DEFAULT 'bot' NOT NULL,
    control_epoch BIGINT DEFAULT '0' NOT NULL,
    control_reason TEXT,
    control_since TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    assignee_id UUID,
    turn_seq BIGINT DEFAULT '0' NOT NULL,
    dialogue JSONB DEFAULT '{}'::jsonb NOT NULL,
    message_seq BIGINT DEFAULT '0' NOT NULL,
    last_inbound_seq BIGINT DEFAULT '0' NOT NULL,
    last_inbound_at TIMESTAMP WITH TIME ZONE,
    last_message_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_conversations PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_conversations_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_conversations_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT fk_conversations_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_conversations_control CHECK (control IN ('bot', 'copilot', 'queued', 'human', 'closed')),
    CONSTRAINT fk_conversations_tenant_id_assignee_id FOREIGN KEY(tenant_id, assignee_id) REFERENCES memberships (tenant_id, user_id)
);
;;
CREATE INDEX ix_conversations_latest ON conversations (tenant_id, last_message_at DESC, id DESC);
;;
CREATE INDEX ix_conversations_tenant_id_contact_id ON conversations (tenant_id, contact_id);
;;
CREATE UNIQUE INDEX uq_conversations_open ON conversations (tenant_id, connection_id, contact_id) WHERE control <> 'closed';
;;
CREATE TABLE incoming_events (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    connection_id UUID,
    consumer VARCHAR(32) NOT NULL,
    body BYTEA NOT NULL,
    headers JSONB DEFAULT '{}'::jsonb NOT NULL,
    payload JSONB,
    body_sha256 BYTEA NOT NULL,
    state VARCHAR(32) DEFAULT 'new' NOT NULL,
    attempts BIGINT DEFAULT '0' NOT NULL,
    fence BIGINT DEFAULT '0' NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    CONSTRAINT pk_incoming_events PRIMARY KEY (tenant_id, id, received_at),
    CONSTRAINT fk_incoming_events_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT fk_incoming_events_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_incoming_events_consumer CHECK (consumer IN ('engine', 'staff', 'worker')),
    CONSTRAINT ck_incoming_events_state CHECK (state IN ('new', 'done', 'quarantined'))
)
 PARTITION BY RANGE (received_at);
;;
CREATE INDEX idx_incoming_events_company_id ON incoming_events (tenant_id, connection_id);
;;
CREATE INDEX idx_incoming_events_created_at ON incoming_events (tenant_id, received_at DESC);
;;
CREATE INDEX ix_incoming_events_new ON incoming_events (consumer, received_at) WHERE state = 'new';
;;
CREATE TABLE messages (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    direction VARCHAR(32) NOT NULL,
    author VARCHAR(32) NOT NULL,
    kind VARCHAR(32) NOT NULL,
    text TEXT,
    content JSONB DEFAULT '{}'::jsonb NOT NULL,
    provider_id TEXT,
    provider_at TIMESTAMP WITH TIME ZONE,
    reply_to TEXT,
    turn_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_messages PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_messages_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_messages_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT uq_message_provider_id UNIQUE (tenant_id, connection_id, provider_id),
    CONSTRAINT uq_messages_tenant_id_conversation_id_seq UNIQUE (tenant_id, conversation_id, seq),
    CONSTRAINT fk_messages_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_messages_direction CHECK (direction IN ('in', 'out')),
    CONSTRAINT ck_messages_author CHECK (author IN ('customer', 'bot', 'staff', 'system')),
    CONSTRAINT ck_messages_kind CHECK (kind IN ('text', 'image', 'video', 'audio', 'voice', 'document', 'sticker', 'location', 'contacts', 'interactive', 'template', 'reaction', 'order', 'system', 'unsupported'))
);
;;
CREATE TABLE turns (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    trigger VARCHAR(32) NOT NULL,
    state VARCHAR(32) DEFAULT 'open' NOT NULL,
    reason TEXT,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts BIGINT DEFAULT '0' NOT NULL,
    fence BIGINT DEFAULT '0' NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    dialogue_after JSONB,
    trace JSONB DEFAULT '{}'::jsonb NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_turns PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_turns_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_turns_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_turns_trigger CHECK (trigger IN ('inbound', 'kickoff', 'timer', 'staff_return', 'action_result', 'voice_utterance')),
    CONSTRAINT ck_turns_state CHECK (state IN ('open', 'running', 'done', 'ignored', 'failed'))
);
;;
CREATE INDEX ix_turns_conversation ON turns (tenant_id, conversation_id, created_at DESC);
;;
CREATE INDEX ix_turns_due ON turns (due_at) WHERE state IN ('open', 'running');
;;
CREATE UNIQUE INDEX uq_turns_open ON turns (tenant_id, conversation_id) WHERE state = 'open';
;;
CREATE UNIQUE INDEX uq_turns_running ON turns (tenant_id, conversation_id) WHERE state = 'running';
;;
CREATE TABLE outbound (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    intent_key TEXT NOT NULL,
    conversation_id UUID NOT NULL,
    message_id UUID NOT NULL,
    lane VARCHAR(32) NOT NULL,
    state VARCHAR(32) DEFAULT 'queued' NOT NULL,
    reason TEXT,
    content JSONB NOT NULL,
    control_epoch BIGINT NOT NULL,
    not_before TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    attempt BIGINT DEFAULT '0' NOT NULL,
    fence BIGINT DEFAULT '0' NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    provider_id TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_outbound PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_outbound_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_outbound_tenant_id_message_id FOREIGN KEY(tenant_id, message_id) REFERENCES messages (tenant_id, id),
    CONSTRAINT uq_outbound_tenant_id_intent_key UNIQUE (tenant_id, intent_key),
    CONSTRAINT uq_outbound_tenant_id_message_id UNIQUE (tenant_id, message_id),
    CONSTRAINT fk_outbound_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_outbound_lane CHECK (lane IN ('reply', 'bulk')),
    CONSTRAINT ck_outbound_state CHECK (state IN ('draft', 'queued', 'sending', 'unknown', 'accepted', 'sent', 'delivered', 'read', 'failed', 'suppressed', 'expired', 'ambiguous'))
);
;;
CREATE INDEX ix_outbound_conversation ON outbound (tenant_id, conversation_id, created_at);
;;
CREATE INDEX ix_outbound_due ON outbound (lane, not_before) WHERE state IN ('queued', 'sending');
;;
CREATE TABLE outbound_attempts (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    outbound_id UUID NOT NULL,
    number BIGINT NOT NULL,
    tag TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    outcome VARCHAR(32),
    answer JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT pk_outbound_attempts PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_outbound_attempts_tenant_id_outbound_id FOREIGN KEY(tenant_id, outbound_id) REFERENCES outbound (tenant_id, id),
    CONSTRAINT uq_outbound_attempts_tenant_id_outbound_id_number UNIQUE (tenant_id, outbound_id, number),
    CONSTRAINT ck_outbound_attempts_number CHECK (number > 0),
    CONSTRAINT fk_outbound_attempts_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_outbound_attempts_outcome CHECK (outcome IN ('accepted', 'not_accepted', 'unknown'))
);
