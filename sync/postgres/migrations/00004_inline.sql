-- +goose Up

-- A record is ciphertext of some 1.5 to 2.5 kB: it stays in its row, and nobody tries to compress it.
ALTER TABLE records ALTER body SET STORAGE EXTERNAL;
ALTER TABLE globals ALTER body SET STORAGE EXTERNAL;
ALTER TABLE globals SET (toast_tuple_target = 8160);
-- +goose StatementBegin
DO $$
BEGIN
	FOR i IN 0..7 LOOP
		EXECUTE format('ALTER TABLE records_%s SET (toast_tuple_target = 8160)', i);
	END LOOP;
END $$;
-- +goose StatementEnd
