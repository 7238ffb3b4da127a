// The official TypeScript SDK over HTTP: sdk.mjs URL TOKEN COUNT
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { everything } from "./session.mjs";

const [url, token, count] = process.argv.slice(2);
const client = new Client({ name: "sdk", version: "1" });
const transport = new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: { Authorization: `Bearer ${token}`, "Elderzan-Project": "garden" } },
});
await client.connect(transport);
const request = (method, params) => client.request({ method, params }, ResultSchema, { timeout: 120000 });
const done = await everything({ request }, "sdk", Number(count));
await transport.terminateSession();
await client.close();
console.log(JSON.stringify(done));
