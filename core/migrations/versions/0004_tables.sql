ALTER TABLE media_files ADD COLUMN words TEXT, ADD COLUMN words_state VARCHAR(32), ADD COLUMN words_reason TEXT,
    ADD COLUMN words_model TEXT, ADD COLUMN words_tries BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN model_calls BIGINT DEFAULT '0' NOT NULL, ADD COLUMN input_tokens BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN output_tokens BIGINT DEFAULT '0' NOT NULL, ADD COLUMN cost_micros BIGINT,
    ADD COLUMN heard_at TIMESTAMP WITH TIME ZONE,
    ADD CONSTRAINT ck_media_files_words_state CHECK (words_state IN ('awaited', 'heard', 'unheard'));
;;
CREATE INDEX ix_media_files_awaited ON media_files (next_at) WHERE words_state = 'awaited' AND state <> 'pending';
;;
CREATE INDEX ix_media_files_heard ON media_files (tenant_id, heard_at) WHERE model_calls > 0;
;;
CREATE INDEX ix_leads_updated ON leads (tenant_id, updated_at DESC, id DESC);
;;
ALTER TABLE conversation_summaries ADD COLUMN model TEXT;
;;
ALTER TABLE persona_versions ALTER COLUMN definition TYPE JSON USING definition::json;
;;
CREATE INDEX ix_effects_expiring ON effects (expires_at) WHERE state = 'proposed';
