// The little of the PostgreSQL wire protocol that standing between clients and one backend needs.

const byte = (letter) => letter.charCodeAt(0);

export const CODES = {
  STARTUP: "startup",
  SSL_REQUEST: "ssl",
  CANCEL_REQUEST: "cancel",
  QUERY: byte("Q"),
  PARSE: byte("P"),
  TERMINATE: byte("X"),
  BIND: byte("B"),
  DESCRIBE: byte("D"),
  CLOSE: byte("C"),
  STATEMENT: byte("S"),
  COPY_DONE: byte("c"),
  COPY_FAIL: byte("f"),
  COPY_IN_RESPONSE: byte("G"),
  NOTIFICATION: byte("A"),
  READY: byte("Z"),
  IDLE: byte("I"),
  COPY_IN_REPLY: Buffer.from([byte("G"), 0, 0, 0, 7, 1, 0, 0]), // binary, no columns named
};
const UNTAGGED = { 80877103: CODES.SSL_REQUEST, 80877104: CODES.SSL_REQUEST, 80877102: CODES.CANCEL_REQUEST };

/** Cuts what a client sends into whole messages: first the untagged ones of the start-up, then tagged ones. */
export class Splitter {
  #pending = Buffer.alloc(0);
  #started = false;

  *push(data) {
    this.#pending = Buffer.concat([this.#pending, data]);
    for (let message; (message = this.#next()); ) yield message;
  }

  #next() {
    const head = this.#started ? 1 : 0;
    if (this.#pending.length < head + 4) return null;
    const size = head + this.#pending.readInt32BE(head);
    if (this.#pending.length < size) return null;
    const bytes = this.#pending.subarray(0, size);
    this.#pending = this.#pending.subarray(size);
    if (this.#started) return { kind: bytes[0], bytes };
    const kind = UNTAGGED[bytes.readInt32BE(4)] ?? CODES.STARTUP;
    this.#started = kind === CODES.STARTUP;
    return { kind, bytes };
  }
}

/** Where the name of a prepared statement stands in a message, 0 where there is none. */
function statementAt(kind, bytes) {
  if (kind === CODES.PARSE) return 5;
  if (kind === CODES.BIND) return bytes.indexOf(0, 5) + 1;
  return (kind === CODES.DESCRIBE || kind === CODES.CLOSE) && bytes[5] === CODES.STATEMENT ? 6 : 0;
}

/** The message with `prefix` before the name of its prepared statement: clients of one backend must not share names. */
export function withOwnStatement(kind, bytes, prefix) {
  const at = statementAt(kind, bytes);
  if (!at || bytes[at] === 0) return bytes;
  const renamed = Buffer.concat([bytes.subarray(0, at), Buffer.from(prefix), bytes.subarray(at)]);
  renamed.writeInt32BE(renamed.length - 1, 1);
  return renamed;
}

/** The messages of a reply of the backend, each with its kind. */
export function* messages(reply) {
  for (let at = 0; at + 5 <= reply.length; ) {
    const size = 1 + reply.readInt32BE(at + 1);
    yield { kind: reply[at], bytes: reply.subarray(at, at + size) };
    at += size;
  }
}

const text = (bytes) => bytes.toString("utf8", 5);

export const isCopyFrom = (kind, bytes) => kind === CODES.QUERY && /^\s*copy\b[\s\S]*\bfrom\s+stdin\b/i.test(text(bytes));

/** What a query changes in the session, which all connections share: the channels listened to, the settings. */
export function sessionChanges(kind, bytes) {
  if (kind !== CODES.QUERY && kind !== CODES.PARSE) return {};
  const query = text(bytes);
  return {
    listen: [...query.matchAll(/(?<!un)listen\s+"?(\w+)"?/gi)].map((match) => match[1]),
    unlisten: [...query.matchAll(/unlisten\s+(?:"?(\w+)"?|\*)/gi)].map((match) => match[1] ?? "*"),
    reset: /\b(reset|discard)\s+all\b/i.test(query),
  };
}

/** The channel of a notification: a number (4 bytes), the channel, its text. */
export const channelOf = (bytes) => bytes.toString("utf8", 9, bytes.indexOf(0, 9));
