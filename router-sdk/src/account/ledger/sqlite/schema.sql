-- One row for every closed request. Money is in nano-dollars, times in milliseconds.
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    -- Who wrote the row, and its number there: a batch that is offered again is not counted twice.
    writer INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    key TEXT NOT NULL,
    tags TEXT NOT NULL,
    session TEXT,
    model_requested TEXT NOT NULL,
    model TEXT,
    provider TEXT,
    deployment TEXT,
    sandbox INTEGER NOT NULL,
    strategy TEXT NOT NULL,
    task TEXT,
    difficulty REAL,
    stream INTEGER NOT NULL,
    cached TEXT NOT NULL,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    cached_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    audio_in INTEGER NOT NULL,
    audio_out INTEGER NOT NULL,
    cost_nanos INTEGER,
    cost_source TEXT,
    baseline_nanos INTEGER,
    baseline_model TEXT,
    best_single_nanos INTEGER,
    best_single_model TEXT,
    latency_ms REAL NOT NULL,
    first_token_ms REAL,
    attempts INTEGER NOT NULL,
    resumed INTEGER NOT NULL,
    error TEXT
) STRICT;
CREATE UNIQUE INDEX requests_once ON requests (writer, number);
CREATE INDEX requests_at ON requests (at_ms);

-- One row for every send.
CREATE TABLE attempts (
    request INTEGER NOT NULL,
    number INTEGER NOT NULL,
    target TEXT NOT NULL,
    provider TEXT NOT NULL,
    deployment TEXT,
    verdict TEXT NOT NULL,
    next TEXT NOT NULL,
    status INTEGER,
    request_id TEXT,
    latency_ms REAL NOT NULL,
    first_token_ms REAL,
    input INTEGER,
    output INTEGER,
    cached_read INTEGER,
    cache_write INTEGER,
    cache_write_1h INTEGER,
    reasoning INTEGER,
    audio_in INTEGER,
    audio_out INTEGER,
    cost_nanos INTEGER,
    cost_source TEXT,
    PRIMARY KEY (request, number)
) STRICT, WITHOUT ROWID;

-- What was asked and answered, where the configuration asks for it to be kept.
CREATE TABLE contents (
    request INTEGER PRIMARY KEY,
    prompt TEXT NOT NULL,
    answer TEXT NOT NULL
) STRICT;
