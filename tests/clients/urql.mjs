// urql with its normalized cache, as a front end uses it. Arguments: the address of the server, and a session as JSON.
import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { persistedExchange } from '@urql/exchange-persisted';
import { expiringSocket, report, send, Text } from './support.mjs';

const url = `${process.argv[2]}/graphql`;
const session = JSON.parse(process.argv[3]);
const requests = [];

const ITEMS = gql`query Items($after: String) { items(first: 2, after: $after) {
  edges { cursor node { id title isCompleted } } pageInfo { hasNextPage endCursor hasPreviousPage startCursor } } }`;
const CREATE = gql`mutation Create($input: CreateItemInput!) { createItem(input: $input) { item { id title isCompleted } } }`;
const UPDATE = gql`mutation Update($input: UpdateItemInput!) { updateItem(input: $input) { item { id isCompleted } } }`;
const FOLLOW = gql`subscription Follow($id: ID!) { replyStream(messageId: $id) { __typename
  ... on ReplyDelta { offset text } ... on ReplyEnded { message { id status text } } } }`;

const socket = expiringSocket(url, session);
const forward = (request) => ({
  subscribe: (sink) => ({
    unsubscribe: socket.client.subscribe({ ...request, query: request.query ?? '' }, sink),
  }),
});
const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization: `Bearer ${session.accessToken}` } },
  fetch: (address, options) => {
    requests.push({ method: options.method, body: options.body ? JSON.parse(options.body) : null });
    return fetch(address, options);
  },
  exchanges: [
    cacheExchange({ resolvers: { Query: { items: relayPagination() } } }),
    persistedExchange({ preferGetForPersistedQueries: true }),
    fetchExchange,
    subscriptionExchange({ forwardSubscription: forward }),
  ],
});

async function ok(result) {
  const { data, error } = await result;
  if (error) throw error;
  return data;
}

const mutate = (document, input) => ok(client.mutation(document, { input }).toPromise());
const items = async (after) => (await ok(client.query(ITEMS, { after }).toPromise())).items;
const titles = ({ edges }) => edges.map(({ node }) => node.title);

async function followed() {
  const text = new Text();
  const reply = await send(url, session.accessToken);
  await new Promise((resolve) => {
    let unsubscribe = () => {};
    const subscription = client.subscription(FOLLOW, { id: reply }).subscribe(({ data, error }) => {
      if (error) throw error;
      text.add(data.replyStream);
      if (text.status) resolve(setTimeout(() => unsubscribe(), 0));
    });
    unsubscribe = () => subscription.unsubscribe();
  });
  return { ...text.report, closings: socket.closings };
}

// The reply first: the token expires while it is followed.
const following = followed();
for (const title of ['one', 'two', 'three']) await mutate(CREATE, { title });
const page = await items();
const both = await items(page.pageInfo.endCursor);
const { id } = page.edges[0].node;
const before = requests.length;
await mutate(UPDATE, { id, isCompleted: true });
const cached = await items();
const updated = cached.edges.find(({ node }) => node.id === id).node.isCompleted;
report({
  first: titles(page),
  both: titles(both),
  updated,
  requestsOfUpdate: requests.length - before,
  byGet: requests.filter(({ method }) => method === 'GET').length > 0,
  followed: await following,
});
