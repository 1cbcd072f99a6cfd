-- What a sensor says of its policy, and by what old things are found to be deleted.

ALTER TABLE sensors ADD COLUMN follows TEXT NOT NULL DEFAULT '';
ALTER TABLE sensors ADD COLUMN refused TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_by_time ON audit (time);
CREATE INDEX drops_by_time ON drops (time);
CREATE INDEX alerts_by_changed ON alerts (changed);
