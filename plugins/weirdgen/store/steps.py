"""The tables, step by step: what each version of the store added. One list for every database; see `postgres.py`."""

_SCHEMA = """
CREATE TABLE samples (
    key TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    base_url TEXT NOT NULL,
    generation TEXT NOT NULL,
    replicate INTEGER NOT NULL,
    request TEXT NOT NULL,
    sample TEXT NOT NULL,
    arrived REAL NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX samples_arrived ON samples (arrived);
CREATE TABLE leases (key TEXT PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE attempts (
    line TEXT NOT NULL,
    trial_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (line, trial_id),
    UNIQUE (line, number)
) WITHOUT ROWID;
CREATE TABLE gates (
    token TEXT PRIMARY KEY,
    line TEXT NOT NULL,
    plan_sha256 TEXT NOT NULL,
    started_at REAL NOT NULL,
    outcome TEXT
) WITHOUT ROWID;
CREATE INDEX gates_line ON gates (line, started_at);
"""
_SINCE_VERSION_2 = """
ALTER TABLE gates ADD COLUMN fresh INTEGER NOT NULL DEFAULT 0;
CREATE TABLE undecided (token TEXT NOT NULL, contrast TEXT NOT NULL, PRIMARY KEY (token, contrast)) WITHOUT ROWID;
"""
_SINCE_VERSION_3 = """
CREATE TABLE stops (trial_id TEXT PRIMARY KEY, stop TEXT NOT NULL) WITHOUT ROWID;
"""
_SINCE_VERSION_4 = """
CREATE TABLE calibrations (
    judge_identity TEXT NOT NULL,
    gold_sha256 TEXT NOT NULL,
    source TEXT NOT NULL,
    made REAL NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (judge_identity, gold_sha256, source)
) WITHOUT ROWID;
"""
_SINCE_VERSION_5 = """
CREATE TABLE accounts (name TEXT PRIMARY KEY, dollars REAL NOT NULL, requests INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE holds (
    key TEXT NOT NULL,
    owner TEXT NOT NULL,
    account TEXT NOT NULL,
    dollars REAL NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (key, owner)
) WITHOUT ROWID;
CREATE INDEX holds_account ON holds (account);
"""
_SINCE_VERSION_6 = """
CREATE TABLE openings (
    token TEXT NOT NULL,
    arms TEXT NOT NULL,
    line TEXT NOT NULL,
    opened_at REAL NOT NULL,
    opening TEXT NOT NULL,
    PRIMARY KEY (token, arms)
) WITHOUT ROWID;
"""
# Rows of kilobytes inside the tree of keys cost 65 microseconds of CPU per sample, beside it 20 (measured).
_SINCE_VERSION_7 = """
ALTER TABLE samples RENAME TO samples_in_keys;
CREATE TABLE samples (
    key TEXT NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    base_url TEXT NOT NULL,
    generation TEXT NOT NULL,
    replicate INTEGER NOT NULL,
    request TEXT NOT NULL,
    sample TEXT NOT NULL,
    arrived REAL NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL
);
INSERT INTO samples SELECT * FROM samples_in_keys;
DROP TABLE samples_in_keys;
CREATE INDEX samples_arrived ON samples (arrived);
"""
_SINCE_VERSION_8 = """
CREATE TABLE cut_gates (
    token TEXT NOT NULL,
    plan_sha256 TEXT NOT NULL,
    total INTEGER NOT NULL,
    began REAL NOT NULL,
    opening TEXT NOT NULL,
    merged REAL,
    PRIMARY KEY (token, plan_sha256, total)
) WITHOUT ROWID;
CREATE TABLE shards (
    token TEXT NOT NULL,
    plan_sha256 TEXT NOT NULL,
    total INTEGER NOT NULL,
    number INTEGER NOT NULL,
    session TEXT NOT NULL,
    ci_run TEXT NOT NULL,
    began REAL NOT NULL,
    ended REAL,
    record TEXT,
    PRIMARY KEY (token, plan_sha256, total, number)
);
"""
STEPS = (
    _SCHEMA,
    _SINCE_VERSION_2,
    _SINCE_VERSION_3,
    _SINCE_VERSION_4,
    _SINCE_VERSION_5,
    _SINCE_VERSION_6,
    _SINCE_VERSION_7,
    _SINCE_VERSION_8,
)
SCHEMA_VERSION = len(STEPS)
