CREATE TABLE boards (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_boards PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_boards_tenant_id_key UNIQUE (tenant_id, key),
    CONSTRAINT fk_boards_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE opening_hours (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    service TEXT NOT NULL,
    weekday BIGINT NOT NULL,
    opens TIME WITHOUT TIME ZONE NOT NULL,
    closes TIME WITHOUT TIME ZONE NOT NULL,
    minutes BIGINT DEFAULT '60' NOT NULL,
    places BIGINT DEFAULT '1' NOT NULL,
    CONSTRAINT pk_opening_hours PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_opening_hours_tenant_id_service_weekday_opens UNIQUE (tenant_id, service, weekday, opens),
    CONSTRAINT ck_opening_hours_weekday CHECK (weekday BETWEEN 0 AND 6),
    CONSTRAINT ck_opening_hours_hours CHECK (opens < closes),
    CONSTRAINT ck_opening_hours_size CHECK (minutes BETWEEN 5 AND 1440 AND places BETWEEN 1 AND 1000),
    CONSTRAINT fk_opening_hours_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE persona_versions (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    number BIGINT NOT NULL,
    state VARCHAR(32) DEFAULT 'draft' NOT NULL,
    source TEXT NOT NULL,
    definition JSONB NOT NULL,
    sha256 TEXT NOT NULL,
    created_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    activated_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_persona_versions PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_persona_versions_number CHECK (number > 0),
    CONSTRAINT uq_persona_versions_tenant_id_name_number UNIQUE (tenant_id, name, number),
    CONSTRAINT fk_persona_versions_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_persona_versions_state CHECK (state IN ('draft', 'candidate', 'active', 'retired', 'withdrawn'))
);
;;
CREATE UNIQUE INDEX uq_persona_versions_active ON persona_versions (tenant_id, name) WHERE state = 'active';
;;
CREATE TABLE board_stages (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    board_id UUID NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    kind VARCHAR(32) DEFAULT 'open' NOT NULL,
    CONSTRAINT pk_board_stages PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_board_stages_tenant_id_board_id FOREIGN KEY(tenant_id, board_id) REFERENCES boards (tenant_id, id),
    CONSTRAINT uq_board_stages_tenant_id_board_id_key UNIQUE (tenant_id, board_id, key),
    CONSTRAINT fk_board_stages_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_board_stages_kind CHECK (kind IN ('open', 'won', 'lost'))
);
;;
CREATE TABLE orders (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    number TEXT NOT NULL,
    state VARCHAR(32) NOT NULL,
    total_cents BIGINT NOT NULL,
    currency TEXT DEFAULT 'BRL' NOT NULL,
    items JSONB DEFAULT '[]'::jsonb NOT NULL,
    tracking TEXT,
    placed_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_orders PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_orders_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT uq_orders_tenant_id_source_external_id UNIQUE (tenant_id, source, external_id),
    CONSTRAINT fk_orders_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_orders_state CHECK (state IN ('pending', 'paid', 'shipped', 'delivered', 'cancelled', 'refunded'))
);
;;
CREATE INDEX ix_orders_contact ON orders (tenant_id, contact_id, placed_at DESC);
;;
CREATE TABLE charges (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID,
    order_id UUID,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    method VARCHAR(32) NOT NULL,
    state VARCHAR(32) DEFAULT 'pending' NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency TEXT DEFAULT 'BRL' NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    due_on DATE,
    pay_url TEXT,
    pay_code TEXT,
    paid_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_charges PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_charges_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_charges_tenant_id_order_id FOREIGN KEY(tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT uq_charges_tenant_id_source_external_id UNIQUE (tenant_id, source, external_id),
    CONSTRAINT fk_charges_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_charges_method CHECK (method IN ('pix', 'boleto', 'card', 'link')),
    CONSTRAINT ck_charges_state CHECK (state IN ('pending', 'paid', 'expired', 'cancelled', 'refunded'))
);
;;
CREATE INDEX ix_charges_contact ON charges (tenant_id, contact_id, due_on);
;;
CREATE TABLE conversation_summaries (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    body TEXT NOT NULL,
    from_seq BIGINT NOT NULL,
    to_seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_conversation_summaries PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_conversation_summaries_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT uq_conversation_summaries_tenant_id_conversation_id_to_seq UNIQUE (tenant_id, conversation_id, to_seq),
    CONSTRAINT ck_conversation_summaries_range CHECK (from_seq <= to_seq),
    CONSTRAINT fk_conversation_summaries_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE TABLE leads (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    board_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    conversation_id UUID,
    stage TEXT NOT NULL,
    seq BIGINT DEFAULT '0' NOT NULL,
    slots JSONB DEFAULT '{}'::jsonb NOT NULL,
    value_cents BIGINT,
    owner_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    stage_since TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_leads PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_leads_tenant_id_board_id FOREIGN KEY(tenant_id, board_id) REFERENCES boards (tenant_id, id),
    CONSTRAINT fk_leads_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_leads_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT uq_leads_tenant_id_board_id_contact_id UNIQUE (tenant_id, board_id, contact_id),
    CONSTRAINT fk_leads_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE INDEX ix_leads_stage ON leads (tenant_id, board_id, stage, updated_at DESC);
;;
CREATE INDEX ix_leads_tenant_id_contact_id ON leads (tenant_id, contact_id);
;;
CREATE INDEX ix_leads_tenant_id_conversation_id ON leads (tenant_id, conversation_id);
;;
CREATE TABLE timers (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    kind VARCHAR(32) NOT NULL,
    epoch BIGINT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    payload JSONB DEFAULT '{}'::jsonb NOT NULL,
    outcome TEXT,
    attempts BIGINT DEFAULT '0' NOT NULL,
    fence BIGINT DEFAULT '0' NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_timers PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_timers_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_timers_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_timers_kind CHECK (kind IN ('first_response', 'next_response', 'escalate', 'customer_notice', 'idle_return', 'stall_follow_up', 'promise'))
);
;;
CREATE INDEX ix_timers_due ON timers (due_at) WHERE done_at IS NULL;
;;
CREATE UNIQUE INDEX uq_timers_waiting ON timers (tenant_id, conversation_id, kind) WHERE done_at IS NULL;
;;
CREATE TABLE contact_facts (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID NOT NULL,
    key TEXT NOT NULL,
    value JSONB NOT NULL,
    message_id UUID,
    quote TEXT,
    source TEXT NOT NULL,
    channel TEXT,
    valid_from TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_contact_facts PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_contact_facts_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_contact_facts_tenant_id_message_id FOREIGN KEY(tenant_id, message_id) REFERENCES messages (tenant_id, id),
    CONSTRAINT fk_contact_facts_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id)
);
;;
CREATE UNIQUE INDEX uq_contact_facts_current ON contact_facts (tenant_id, contact_id, key) WHERE valid_to IS NULL;
;;
CREATE TABLE drafts (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    turn_id UUID NOT NULL,
    epoch BIGINT NOT NULL,
    turn_seq BIGINT NOT NULL,
    bubbles JSONB NOT NULL,
    state VARCHAR(32) DEFAULT 'proposed' NOT NULL,
    sent_text TEXT,
    distance BIGINT,
    reason TEXT,
    decided_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_drafts PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_drafts_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_drafts_tenant_id_turn_id FOREIGN KEY(tenant_id, turn_id) REFERENCES turns (tenant_id, id),
    CONSTRAINT fk_drafts_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_drafts_state CHECK (state IN ('proposed', 'accepted', 'edited', 'rejected', 'superseded'))
);
;;
CREATE UNIQUE INDEX uq_drafts_proposed ON drafts (tenant_id, conversation_id) WHERE state = 'proposed';
;;
CREATE TABLE effects (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    turn_id UUID,
    tool TEXT NOT NULL,
    arguments JSONB NOT NULL,
    approver VARCHAR(32) NOT NULL,
    state VARCHAR(32) NOT NULL,
    result JSONB,
    reason TEXT,
    epoch BIGINT NOT NULL,
    approved_by UUID,
    expires_at TIMESTAMP WITH TIME ZONE,
    next_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    attempts BIGINT DEFAULT '0' NOT NULL,
    fence BIGINT DEFAULT '0' NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_effects PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_effects_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_effects_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_effects_tenant_id_turn_id FOREIGN KEY(tenant_id, turn_id) REFERENCES turns (tenant_id, id),
    CONSTRAINT fk_effects_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_effects_approver CHECK (approver IN ('nobody', 'customer', 'staff')),
    CONSTRAINT ck_effects_state CHECK (state IN ('proposed', 'approved', 'running', 'succeeded', 'failed', 'rejected', 'expired'))
);
;;
CREATE INDEX ix_effects_conversation ON effects (tenant_id, conversation_id, created_at DESC);
;;
CREATE INDEX ix_effects_due ON effects (next_at) WHERE state IN ('approved', 'running');
;;
CREATE TABLE handoffs (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    turn_id UUID,
    epoch BIGINT NOT NULL,
    queue TEXT NOT NULL,
    reason TEXT NOT NULL,
    brief JSONB DEFAULT '{}'::jsonb NOT NULL,
    state VARCHAR(32) DEFAULT 'queued' NOT NULL,
    taken_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_handoffs PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_handoffs_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_handoffs_tenant_id_turn_id FOREIGN KEY(tenant_id, turn_id) REFERENCES turns (tenant_id, id),
    CONSTRAINT fk_handoffs_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_handoffs_state CHECK (state IN ('queued', 'taken', 'ended'))
);
;;
CREATE INDEX ix_handoffs_queue ON handoffs (tenant_id, queue, created_at) WHERE state = 'queued';
;;
CREATE UNIQUE INDEX uq_handoffs_open ON handoffs (tenant_id, conversation_id) WHERE state <> 'ended';
;;
CREATE TABLE lead_stage_events (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    lead_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    from_stage TEXT,
    to_stage TEXT NOT NULL,
    cause VARCHAR(32) NOT NULL,
    rule_id TEXT,
    criteria JSONB DEFAULT '[]'::jsonb NOT NULL,
    slots_before JSONB DEFAULT '{}'::jsonb NOT NULL,
    persona_version_id UUID,
    turn_id UUID,
    actor_id UUID,
    is_forced BOOLEAN DEFAULT false NOT NULL,
    undo_of UUID,
    reason TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    CONSTRAINT pk_lead_stage_events PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_lead_stage_events_tenant_id_lead_id FOREIGN KEY(tenant_id, lead_id) REFERENCES leads (tenant_id, id),
    CONSTRAINT fk_lead_stage_events_tenant_id_persona_version_id FOREIGN KEY(tenant_id, persona_version_id) REFERENCES persona_versions (tenant_id, id),
    CONSTRAINT fk_lead_stage_events_tenant_id_turn_id FOREIGN KEY(tenant_id, turn_id) REFERENCES turns (tenant_id, id),
    CONSTRAINT fk_lead_stage_events_tenant_id_undo_of FOREIGN KEY(tenant_id, undo_of) REFERENCES lead_stage_events (tenant_id, id),
    CONSTRAINT uq_lead_stage_events_tenant_id_lead_id_seq UNIQUE (tenant_id, lead_id, seq),
    CONSTRAINT ck_lead_stage_events_undo_of CHECK (cause <> 'undo' OR undo_of IS NOT NULL),
    CONSTRAINT fk_lead_stage_events_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_lead_stage_events_cause CHECK (cause IN ('rule', 'staff', 'import', 'undo'))
);
;;
CREATE TABLE appointments (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID NOT NULL,
    conversation_id UUID,
    effect_id UUID,
    service TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    place BIGINT NOT NULL,
    state VARCHAR(32) DEFAULT 'booked' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_appointments PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_appointments_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    CONSTRAINT fk_appointments_tenant_id_conversation_id FOREIGN KEY(tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CONSTRAINT fk_appointments_tenant_id_effect_id FOREIGN KEY(tenant_id, effect_id) REFERENCES effects (tenant_id, id),
    CONSTRAINT ck_appointments_times CHECK (starts_at < ends_at),
    CONSTRAINT fk_appointments_tenant_id FOREIGN KEY(tenant_id) REFERENCES companies (id),
    CONSTRAINT ck_appointments_state CHECK (state IN ('booked', 'cancelled'))
);
;;
CREATE INDEX ix_appointments_contact ON appointments (tenant_id, contact_id, starts_at);
;;
CREATE UNIQUE INDEX uq_appointments_place ON appointments (tenant_id, service, starts_at, place) WHERE state = 'booked';
;;
ALTER TABLE companies ADD COLUMN default_persona TEXT;
;;
-- A new foreign key looks at the rows that are there, as the owner, who sees none without a company. They refer to nothing
-- yet, so that nothing is hidden from the look by lifting what is forced for its length: the same transaction.
ALTER TABLE conversations NO FORCE ROW LEVEL SECURITY;
;;
ALTER TABLE turns NO FORCE ROW LEVEL SECURITY;
;;
ALTER TABLE conversations ADD COLUMN persona_version_id UUID,
    ADD CONSTRAINT fk_conversations_tenant_id_persona_version_id FOREIGN KEY(tenant_id, persona_version_id)
        REFERENCES persona_versions (tenant_id, id);
;;
ALTER TABLE turns ADD COLUMN outcome VARCHAR(32), ADD COLUMN payload JSONB DEFAULT '{}'::jsonb NOT NULL,
    ADD COLUMN restarts BIGINT DEFAULT '0' NOT NULL, ADD COLUMN persona_version_id UUID,
    ADD COLUMN model_calls BIGINT DEFAULT '0' NOT NULL, ADD COLUMN input_tokens BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN output_tokens BIGINT DEFAULT '0' NOT NULL, ADD COLUMN cached_tokens BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN cost_micros BIGINT,
    ADD CONSTRAINT ck_turns_outcome CHECK (outcome IN ('replied', 'silent', 'absorbed', 'drafted', 'handed_off')),
    ADD CONSTRAINT fk_turns_tenant_id_persona_version_id FOREIGN KEY(tenant_id, persona_version_id)
        REFERENCES persona_versions (tenant_id, id);
;;
CREATE INDEX ix_turns_ended ON turns (tenant_id, ended_at) WHERE model_calls > 0;
;;
ALTER TABLE conversations FORCE ROW LEVEL SECURITY;
;;
ALTER TABLE turns FORCE ROW LEVEL SECURITY;
