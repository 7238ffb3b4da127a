-- +goose Up
-- RocksDB holds vectors of fewer bits from here on, which older builds would take for damaged: they must not open the
-- folder any more. What is there stays as it is and is read.
SELECT 1;
