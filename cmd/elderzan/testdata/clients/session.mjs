// What each client does with the memory: every tool, resource and prompt, and some memories of its own. `client` has
// request(method, params), which returns the result or throws.
export async function everything(client, name, count) {
  const done = { ids: [], tools: [], resources: [], prompts: [] };
  const tool = async (tool, args) => {
    const result = await client.request("tools/call", { name: tool, arguments: args });
    if (result.isError) throw new Error(`${tool}: ${result.content[0].text}`);
    done.tools.push(tool);
    return result.structuredContent;
  };
  for (let i = 0; i < count; i++) {
    const { id } = await tool("remember", { content: `${name} planted tree number ${i} in row ${i * 7}.`, tags: [name] });
    done.ids.push(id);
  }
  const [id] = done.ids;
  await tool("recall", { query: `which tree did ${name} plant?`, limit: 3 });
  await tool("search", { text: name, limit: 2 });
  await tool("classify", { content: "We prefer tabs." });
  await tool("revise", { id, title: `The first of ${name}` });
  await tool("share", { id, scope: "PRIVATE" });
  await tool("workspace", { key: name, content: "look at the roots" });
  await tool("status", {});

  const values = { id, key: name, project: "garden" };
  const { resources } = await client.request("resources/list", {});
  const { resourceTemplates } = await client.request("resources/templates/list", {});
  const session = await client.request("completion/complete", {
    ref: { type: "ref/resource", uri: "elderzan://sessions/{id}" }, argument: { name: "id", value: "" },
  });
  for (const uri of [...resources.map((r) => r.uri), ...resourceTemplates.map((t) => t.uriTemplate)]) {
    const own = { ...values, ...(uri.includes("sessions") ? { id: session.completion.values[0] } : {}) };
    const read = await client.request("resources/read", { uri: uri.replace(/\{(\w+)\}/, (_, v) => encodeURIComponent(own[v])) });
    JSON.parse(read.contents[0].text);
    done.resources.push(uri);
  }
  const { prompts } = await client.request("prompts/list", {});
  for (const p of prompts) {
    const args = Object.fromEntries((p.arguments ?? []).map((a) => [a.name, values[a.name] ?? "7"]));
    const got = await client.request("prompts/get", { name: p.name, arguments: args });
    if (!got.messages.length) throw new Error(`${p.name} is empty`);
    done.prompts.push(p.name);
  }
  await tool("forget", { id });
  await tool("revise", { id, restore: true });
  return done;
}
