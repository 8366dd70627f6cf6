// TimescaleDB on a loopback port, for clients that speak the PostgreSQL protocol.
//
//   node server.mjs            prints the chosen port, serves until standard input ends
//
// One WASM backend stands behind all connections, so a connection keeps its turn from its first message until the
// backend says "ready, no transaction open"; the others wait. Session state (settings, session locks, the role) is
// shared. Notifications go to every connection that listens.
import net from "node:net";
import { Backend } from "./backend.mjs";
import { CODES, Splitter, isCopyFrom, sessionChanges, withOwnStatement } from "./protocol.mjs";

const backend = await Backend.open();
let clients = 0;

function serve(socket) {
  const client = { socket, prefix: `c${++clients}_`, channels: new Set(), send: (bytes) => socket.writable && socket.write(bytes) };
  const splitter = new Splitter();
  let copy = null;
  backend.join(client);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => backend.leave(client));
  socket.on("data", (data) => {
    for (const message of splitter.push(data)) take(message);
  });

  function take({ kind, bytes }) {
    if (kind === CODES.SSL_REQUEST) return client.send("N");
    if (kind === CODES.CANCEL_REQUEST || kind === CODES.TERMINATE) return socket.end();
    if (copy) {
      copy.push(bytes);
      if (kind !== CODES.COPY_DONE && kind !== CODES.COPY_FAIL) return;
      backend.ask(client, Buffer.concat(copy), { dropCopyIn: true });
      copy = null;
    } else if (isCopyFrom(kind, bytes)) {
      // The backend takes a COPY only in one piece: the client is told to go on, and everything is handed over at its end.
      copy = [bytes];
      client.send(CODES.COPY_IN_REPLY);
    } else {
      backend.ask(client, withOwnStatement(kind, bytes, client.prefix), sessionChanges(kind, bytes));
    }
  }
}

const server = net.createServer(serve).listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
