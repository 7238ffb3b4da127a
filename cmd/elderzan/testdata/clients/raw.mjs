// A client of nothing but Node, of the protocol without sessions, on the pipes of `elderzan serve`: raw.mjs COUNT
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { everything } from "./session.mjs";

const server = spawn("elderzan", ["serve"], { stdio: ["pipe", "pipe", "inherit"] });
const waiting = new Map();
createInterface({ input: server.stdout }).on("line", (line) => {
  const m = JSON.parse(line);
  if (m.id === undefined) return;
  const { resolve, reject } = waiting.get(m.id);
  m.error ? reject(new Error(JSON.stringify(m.error))) : resolve(m.result);
});
let next = 0;
const request = (method, params) =>
  new Promise((resolve, reject) => {
    const id = `raw-${next++}`;
    waiting.set(id, { resolve, reject });
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    server.stdin.write(JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta } }) + "\n");
  });
const found = await request("server/discover", {});
if (!found.supportedVersions.includes("2026-07-28")) throw new Error("the protocol without sessions is not offered");
const done = await everything({ request }, "raw", Number(process.argv[2]));
server.stdin.end();
await new Promise((resolve) => server.on("exit", resolve));
console.log(JSON.stringify(done));
