-- Plain SQL that SQLite and PostgreSQL read alike: identifiers are text that sorts by
-- time, times are milliseconds since 1970 (0: never), what has no fixed shape is JSON.

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE sensors (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  enrolled BIGINT NOT NULL,
  seen BIGINT NOT NULL,
  address TEXT NOT NULL,
  revoked BIGINT NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  serial TEXT NOT NULL,
  expires BIGINT NOT NULL,
  version TEXT NOT NULL DEFAULT '',
  tier TEXT NOT NULL DEFAULT '',
  lost BIGINT NOT NULL DEFAULT 0,
  policy TEXT NOT NULL DEFAULT 'default',
  applied BIGINT NOT NULL DEFAULT 0,
  health TEXT NOT NULL DEFAULT '{}',
  reported BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE received (
  sensor TEXT NOT NULL,
  epoch TEXT NOT NULL,
  server TEXT NOT NULL,
  ranges TEXT NOT NULL,
  PRIMARY KEY (sensor, epoch, server)
);

CREATE TABLE drops (
  sensor TEXT NOT NULL,
  epoch TEXT NOT NULL,
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  class TEXT NOT NULL,
  reason TEXT NOT NULL,
  batches BIGINT NOT NULL,
  events BIGINT NOT NULL,
  time BIGINT NOT NULL,
  PRIMARY KEY (sensor, epoch, first, last, class, reason)
);

CREATE TABLE enrolments (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  note TEXT NOT NULL,
  author TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used BIGINT NOT NULL DEFAULT 0,
  sensor TEXT NOT NULL DEFAULT '',
  public_key TEXT NOT NULL DEFAULT ''
);

CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  sensor TEXT NOT NULL,
  incident TEXT NOT NULL,
  rule TEXT NOT NULL,
  title TEXT NOT NULL,
  message TEXT NOT NULL,
  technique TEXT NOT NULL,
  host TEXT NOT NULL,
  process TEXT NOT NULL,
  exec_id TEXT NOT NULL,
  severity BIGINT NOT NULL,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL,
  count BIGINT NOT NULL,
  status TEXT NOT NULL,
  reason TEXT NOT NULL,
  assignee TEXT NOT NULL DEFAULT '',
  changed BIGINT NOT NULL,
  finding TEXT NOT NULL
);
CREATE INDEX alerts_by_last ON alerts (last, id);
CREATE INDEX alerts_by_status ON alerts (status, severity, last);
CREATE INDEX alerts_by_incident ON alerts (incident);

CREATE TABLE comments (
  id TEXT PRIMARY KEY,
  alert TEXT NOT NULL,
  author TEXT NOT NULL,
  time BIGINT NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX comments_by_alert ON comments (alert, id);

CREATE TABLE suppressions (
  id TEXT PRIMARY KEY,
  rule TEXT NOT NULL,
  sensor TEXT NOT NULL,
  process TEXT NOT NULL,
  reason TEXT NOT NULL,
  author TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL
);

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  password TEXT NOT NULL,
  created BIGINT NOT NULL,
  disabled BIGINT NOT NULL DEFAULT 0,
  seen BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE sessions (
  hash TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  csrf TEXT NOT NULL,
  address TEXT NOT NULL,
  created BIGINT NOT NULL,
  seen BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  role TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE audit (
  id TEXT PRIMARY KEY,
  time BIGINT NOT NULL,
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT NOT NULL,
  result TEXT NOT NULL
);

CREATE TABLE policies (
  name TEXT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL,
  note TEXT NOT NULL,
  author TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (name, version)
);

CREATE TABLE searches (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  author TEXT NOT NULL,
  created BIGINT NOT NULL
);

CREATE TABLE exports (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  settings TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  author TEXT NOT NULL,
  changed BIGINT NOT NULL
);
