// Clients as front ends use them, against the server at process.argv[2]. Prints one JSON object.
import { serverAudits } from 'graphql-http';
import { createClient as createSSE } from 'graphql-sse';
import { createClient as createWS } from 'graphql-ws';
import WebSocket from 'ws';
import { run, send } from './support.mjs';

const url = process.argv[2] + '/graphql';
const PASSWORD = 'correct horse battery';
const SIGN_UP = 'mutation S($input: SignUpInput!) { signUp(input: $input) { session { accessToken refreshToken } } }';
const REFRESH = 'mutation R($input: RefreshSessionInput!) { refreshSession(input: $input) { session { accessToken } } }';
const FOLLOW = `subscription F($id: ID!) { replyStream(messageId: $id) { __typename
  ... on ReplyDelta { text } ... on ReplyEnded { message { text status } } } }`;

async function audits() {
  const counts = {};
  const failed = [];
  for (const audit of serverAudits({ url })) {
    const level = audit.name.split(' ')[0];
    const result = await audit.fn();
    counts[level] ??= { ok: 0, all: 0 };
    counts[level].all += 1;
    if (result.status === 'ok') counts[level].ok += 1;
    else failed.push(`${audit.id} ${audit.name}: ${result.reason}`);
  }
  return { counts, failed };
}

// Follow a reply and return whether its pieces are the text that it ends with.
async function follow(client, id) {
  let text = '';
  for await (const { data } of client.iterate({ query: FOLLOW, variables: { id } })) {
    const event = data.replyStream;
    if (event.__typename === 'ReplyDelta') text += event.text;
    if (event.__typename === 'ReplyEnded') {
      return { status: event.message.status, whole: event.message.text === text && text.length > 0 };
    }
  }
  return null;
}

async function once(client, query, variables) {
  for await (const { data, errors } of client.iterate({ query, variables })) {
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }
}

async function webSocket(session) {
  let token = session.accessToken;
  const client = createWS({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: () => ({ Authorization: `Bearer ${token}` }),
    retryAttempts: 0,
  });
  const me = await once(client, '{ me { email } }');
  const item = await once(client, 'mutation { createItem(input: {title: "Call"}) { item { title } } }');
  const followed = await follow(client, await send(url, token));
  await client.dispose();
  return { email: me.me.email, item: item.createItem.item.title, followed };
}

async function serverSentEvents(session) {
  const client = createSSE({ url, headers: { authorization: `Bearer ${session.accessToken}` }, retryAttempts: 0 });
  const me = await once(client, '{ me { email } }');
  const followed = await follow(client, await send(url, session.accessToken));
  client.dispose();
  return { email: me.me.email, followed };
}

const input = { email: 'ann@example.com', password: PASSWORD };
const { session } = (await run(url, SIGN_UP, { input })).signUp;
await run(url, REFRESH, { input: { refreshToken: session.refreshToken } });
console.log(
  JSON.stringify({
    audits: await audits(),
    webSocket: await webSocket(session),
    serverSentEvents: await serverSentEvents(session),
  }),
);
process.exit(0);
