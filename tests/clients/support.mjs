// What the clients share: requests without a client, and a session whose access token is about to expire.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const REFRESH = `mutation R($input: RefreshSessionInput!) { refreshSession(input: $input) {
  session { accessToken refreshToken } } }`;
const SEND = `mutation S($input: SendMessageInput!) { sendMessage(input: $input) {
  conversation { id } reply { id } } }`;

const NORMAL = 1000; // the client has closed its own socket

export async function run(url, query, variables, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await answer.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

// Begin a reply that takes longer than the short token lives, and return its id.
export async function send(url, token) {
  const data = await run(url, SEND, { input: { text: 'Tell me something long.' } }, token);
  return data.sendMessage.reply.id;
}

// A socket that signs in with a token that is about to expire, and with a new one after the server has closed it.
export function expiringSocket(url, session) {
  const tokens = [session.shortToken];
  const closings = [];
  let refreshToken = session.refreshToken;
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    lazy: true,
    connectionParams: async () => {
      if (closings.length === tokens.length) {
        const renewed = (await run(url, REFRESH, { input: { refreshToken } })).refreshSession.session;
        refreshToken = renewed.refreshToken;
        tokens.push(renewed.accessToken);
      }
      return { Authorization: `Bearer ${tokens.at(-1)}` };
    },
    retryAttempts: 3,
    retryWait: async () => {},
    on: { closed: (event) => event.code !== NORMAL && closings.push(event.code) },
  });
  return { client, closings };
}

// Text that is put together from pieces at their offsets, however often the stream begins again.
export class Text {
  text = '';
  status = null;
  whole = false;

  add(event) {
    if (event.__typename === 'ReplyDelta') {
      this.text = [...this.text].slice(0, event.offset).join('') + event.text;
    }
    if (event.__typename === 'ReplyEnded') {
      this.status = event.message.status;
      this.whole = event.message.text === this.text && this.text.length > 0;
    }
  }

  get report() {
    return { status: this.status, whole: this.whole };
  }
}

export function report(result) {
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}
