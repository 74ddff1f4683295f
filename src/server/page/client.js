// What the page asks the server.

const headers = (key) => ({ "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) });

// The models' names, and of the one that is wanted (else the first) its context in tokens, 0 while it is closed, and what
// else there is to say.
export async function serverProps(settings) {
  const nothing = (about) => ({ models: [], model: "hlwq", context: 0, about });
  try {
    const reply = await fetch("v1/models", { headers: headers(settings.key) });
    if (reply.status === 401) return nothing("The server wants an API key.");
    const { data } = await reply.json();
    const { id, meta } = data.find((model) => model.id === settings.model) ?? data[0];
    const about = meta ? `${meta.n_ctx} tokens of context here, ${meta.n_ctx_train} at most` : "It is opened with the next message.";
    return { models: data.map((model) => model.id), model: id, context: meta?.n_ctx ?? 0, about: `${id}\n${about}` };
  } catch {
    return nothing("The server does not answer.");
  }
}

const numbers = { temperature: Number, top_p: Number, max_tokens: Number, seed: Number };

// The answer in parts: {text}, {thinking}, {calls}, {timings}, {usage}. Throws Error with the server's message.
export async function* answer(messages, settings, signal) {
  const body = { messages, stream: true, stream_options: { include_usage: true } };
  if (settings.model) body.model = settings.model;
  for (const [name, read] of Object.entries(numbers)) {
    if (settings[name] !== "") body[name] = read(settings[name]);
  }
  if (!settings.thinking) body.chat_template_kwargs = { enable_thinking: false };
  const reply = await fetch("v1/chat/completions", { method: "POST", headers: headers(settings.key), body: JSON.stringify(body), signal });
  if (!reply.ok) {
    const text = await reply.text();
    let message = `status ${reply.status}`;
    try { message = JSON.parse(text).error.message; } catch { /* not from this server */ }
    throw new Error(message);
  }
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    held += value;
    const events = held.split("\n\n");
    held = events.pop();
    for (const event of events) {
      if (!event.startsWith("data: ") || event === "data: [DONE]") continue;
      const chunk = JSON.parse(event.slice(6));
      if (chunk.error) throw new Error(chunk.error.message);
      if (chunk.usage) yield { usage: chunk.usage };
      if (chunk.timings) yield { timings: chunk.timings };
      const delta = chunk.choices[0]?.delta;
      if (delta?.content) yield { text: delta.content };
      if (delta?.reasoning_content) yield { thinking: delta.reasoning_content };
      if (delta?.tool_calls) yield { calls: delta.tool_calls.map((call) => call.function) };
    }
  }
}
