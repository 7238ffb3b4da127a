-- +goose Up
-- Few memories ever expire or are forgotten: these indexes stay small and cost the others nothing.
CREATE INDEX memories_expires ON memories (expires_at) WHERE expires_at IS NOT NULL AND state IN (1, 3);
CREATE INDEX memories_forgotten ON memories (forgotten_at) WHERE state = 4;
