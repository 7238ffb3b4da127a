-- +goose Up
-- Terms are quoted from the body and vectors packed from here on, which older builds would take for damaged: they must not
-- open the folder any more. What is there stays as it is and is read, and is written the new way when it changes.
SELECT 1;
