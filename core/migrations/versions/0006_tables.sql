CREATE TABLE contact_tags (
    tenant_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    tag TEXT NOT NULL,
    added_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_contact_tags PRIMARY KEY (tenant_id, contact_id, tag),
    CONSTRAINT fk_contact_tags_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_contact_tags_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_contact_tags_tenant_id_tag ON contact_tags (tenant_id, tag);
;;
CREATE TABLE contact_notes (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID NOT NULL,
    conversation_id UUID,
    author_id UUID,
    text TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_contact_notes PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_contact_notes_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_contact_notes_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_contact_notes_tenant_id_author_id FOREIGN KEY(tenant_id, author_id) REFERENCES memberships (tenant_id, user_id),
    CONSTRAINT fk_contact_notes_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_contact_notes_tenant_id_contact_id_created_at ON contact_notes (tenant_id, contact_id, created_at);
;;
CREATE TABLE draft_cases (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    title TEXT NOT NULL,
    content BYTEA,
    state VARCHAR(32) DEFAULT 'draft' NOT NULL,
    made_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_draft_cases PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_draft_cases_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_draft_cases_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_draft_cases_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_draft_cases_state CHECK (state IN ('draft', 'ready', 'dropped'))
);
;;
CREATE INDEX ix_draft_cases_newest ON draft_cases (tenant_id, created_at);
;;
CREATE INDEX ix_draft_cases_tenant_id_contact_id ON draft_cases (tenant_id, contact_id);
;;
CREATE TABLE erasures (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID NOT NULL,
    requested_by UUID,
    receipt JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_erasures PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_erasures_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_erasures_tenant_id_contact_id ON erasures (tenant_id, contact_id);
;;
CREATE TABLE staff_bots (
    tenant_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    telegram_id BIGINT,
    username TEXT,
    next_update BIGINT DEFAULT '0' NOT NULL,
    problem TEXT,
    heard_at TIMESTAMP WITH TIME ZONE,
    fence BIGINT DEFAULT '0' NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_staff_bots PRIMARY KEY (tenant_id, connection_id),
    CONSTRAINT fk_staff_bots_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT fk_staff_bots_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE staff_updates (
    tenant_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    update_id BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_staff_updates PRIMARY KEY (tenant_id, connection_id, update_id),
    CONSTRAINT fk_staff_updates_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT fk_staff_updates_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_staff_updates_oldest ON staff_updates (tenant_id, created_at);
;;
CREATE TABLE staff_groups (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    connection_id UUID NOT NULL,
    chat_id BIGINT NOT NULL,
    title TEXT NOT NULL,
    is_forum BOOLEAN DEFAULT false NOT NULL,
    rights JSONB DEFAULT '{}'::jsonb NOT NULL,
    settings JSONB DEFAULT '{}'::jsonb NOT NULL,
    problem TEXT,
    bound_by BIGINT NOT NULL,
    bound_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    left_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_staff_groups PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_staff_groups_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT fk_staff_groups_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE UNIQUE INDEX uq_staff_groups_bound ON staff_groups (tenant_id) WHERE left_at IS NULL;
;;
CREATE TABLE staff_codes (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    digest BYTEA NOT NULL,
    user_id UUID,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    used_by BIGINT,
    CONSTRAINT pk_staff_codes PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_staff_codes_tenant_id_digest UNIQUE (tenant_id, digest),
    CONSTRAINT fk_staff_codes_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES memberships (tenant_id, user_id),
    CONSTRAINT fk_staff_codes_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE staff_people (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    telegram_id BIGINT NOT NULL,
    chat_id BIGINT,
    name TEXT NOT NULL,
    linked_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_staff_people PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_staff_people_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES memberships (tenant_id, user_id),
    CONSTRAINT uq_staff_people_tenant_id_user_id UNIQUE (tenant_id, user_id),
    CONSTRAINT uq_staff_people_tenant_id_telegram_id UNIQUE (tenant_id, telegram_id),
    CONSTRAINT fk_staff_people_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE staff_topics (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    group_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    thread_id BIGINT,
    name TEXT NOT NULL,
    state VARCHAR(32) DEFAULT 'wanted' NOT NULL,
    card_message_id BIGINT,
    shown_seq BIGINT DEFAULT '0' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_staff_topics PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_staff_topics_tenant_id_group_id FOREIGN KEY(tenant_id, group_id) REFERENCES staff_groups (tenant_id, id),
    CONSTRAINT fk_staff_topics_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_staff_topics_tenant_id_connection_id FOREIGN KEY(tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    CONSTRAINT fk_staff_topics_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT uq_staff_topics_tenant_id_group_id_contact_id_connection_id UNIQUE (tenant_id, group_id, contact_id, connection_id),
    CONSTRAINT fk_staff_topics_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_staff_topics_state CHECK (state IN ('wanted', 'open', 'closed'))
);
;;
CREATE INDEX ix_staff_topics_tenant_id_conversation_id ON staff_topics (tenant_id, conversation_id);
;;
CREATE UNIQUE INDEX uq_staff_topics_thread ON staff_topics (tenant_id, group_id, thread_id) WHERE thread_id IS NOT NULL;
;;
CREATE TABLE staff_notes (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    key TEXT NOT NULL,
    slot TEXT,
    group_id UUID,
    topic_id UUID,
    person_id UUID,
    lane VARCHAR(32) NOT NULL,
    body JSONB NOT NULL,
    state VARCHAR(32) DEFAULT 'queued' NOT NULL,
    reason TEXT,
    attempts BIGINT DEFAULT '0' NOT NULL,
    not_before TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    message_ids BIGINT[],
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_staff_notes PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_staff_notes_tenant_id_group_id FOREIGN KEY(tenant_id, group_id) REFERENCES staff_groups (tenant_id, id),
    CONSTRAINT fk_staff_notes_tenant_id_topic_id FOREIGN KEY(tenant_id, topic_id) REFERENCES staff_topics (tenant_id, id),
    CONSTRAINT fk_staff_notes_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES staff_people (tenant_id, id),
    CONSTRAINT uq_staff_notes_tenant_id_key UNIQUE (tenant_id, key),
    CONSTRAINT fk_staff_notes_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_staff_notes_lane CHECK (lane IN ('answer', 'alert', 'relay', 'news')),
    CONSTRAINT ck_staff_notes_state CHECK (state IN ('queued', 'sending', 'sent', 'merged', 'failed'))
);
;;
CREATE INDEX ix_staff_notes_due ON staff_notes (tenant_id, id) WHERE state IN ('queued', 'sending');
;;
CREATE INDEX ix_staff_notes_topic ON staff_notes (tenant_id, topic_id, id);
;;
CREATE UNIQUE INDEX uq_staff_notes_slot ON staff_notes (tenant_id, slot) WHERE state = 'queued' AND slot IS NOT NULL;
;;
CREATE TABLE staff_lines (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    group_id UUID NOT NULL,
    message_id BIGINT NOT NULL,
    topic_id UUID,
    kind VARCHAR(32) NOT NULL,
    said_id UUID,
    person_id UUID,
    tick TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_staff_lines PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_staff_lines_tenant_id_group_id FOREIGN KEY(tenant_id, group_id) REFERENCES staff_groups (tenant_id, id),
    CONSTRAINT fk_staff_lines_tenant_id_topic_id FOREIGN KEY(tenant_id, topic_id) REFERENCES staff_topics (tenant_id, id),
    CONSTRAINT fk_staff_lines_tenant_id_said_id FOREIGN KEY(tenant_id, said_id) REFERENCES messages (tenant_id, id),
    CONSTRAINT fk_staff_lines_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES staff_people (tenant_id, id),
    CONSTRAINT uq_staff_lines_tenant_id_group_id_message_id_said_id UNIQUE (tenant_id, group_id, message_id, said_id),
    CONSTRAINT fk_staff_lines_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_staff_lines_kind CHECK (kind IN ('shown', 'sent', 'inner', 'card'))
);
;;
CREATE INDEX ix_staff_lines_tenant_id_said_id ON staff_lines (tenant_id, said_id);
;;
CREATE TABLE staff_buttons (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    signature BYTEA NOT NULL,
    card_id UUID NOT NULL,
    action TEXT NOT NULL,
    arguments JSONB DEFAULT '{}'::jsonb NOT NULL,
    conversation_id UUID,
    epoch BIGINT,
    person_id UUID,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    used_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_staff_buttons PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_staff_buttons_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_staff_buttons_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES staff_people (tenant_id, id),
    CONSTRAINT fk_staff_buttons_tenant_id_used_by FOREIGN KEY(tenant_id, used_by) REFERENCES staff_people (tenant_id, id),
    CONSTRAINT fk_staff_buttons_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_staff_buttons_expires ON staff_buttons (tenant_id, expires_at);
;;
CREATE INDEX ix_staff_buttons_tenant_id_card_id ON staff_buttons (tenant_id, card_id);
;;
ALTER TABLE connections ADD COLUMN bot_paused_at TIMESTAMP WITH TIME ZONE;
;;
ALTER TABLE companies ADD COLUMN answer_wait_seconds FLOAT,
    ADD CONSTRAINT ck_companies_answer_wait_seconds CHECK (answer_wait_seconds BETWEEN 0 AND 30);
;;
ALTER TABLE handoffs ADD COLUMN told_at TIMESTAMP WITH TIME ZONE, ADD COLUMN category TEXT,
    ADD COLUMN closing_note TEXT;
