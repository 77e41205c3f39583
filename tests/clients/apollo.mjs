// Apollo Client 4 as a front end uses it. Arguments: the address of the server, and a session as JSON.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition, relayStylePagination } from '@apollo/client/utilities';
import { createHash } from 'node:crypto';
import { expiringSocket, report, send, Text } from './support.mjs';

const url = `${process.argv[2]}/graphql`;
const session = JSON.parse(process.argv[3]);
const bodies = [];

const ITEMS = gql`query Items($after: String) { items(first: 2, after: $after) {
  edges { cursor node { id title isCompleted } } pageInfo { hasNextPage endCursor hasPreviousPage startCursor } totalCount } }`;
const CREATE = gql`mutation Create($input: CreateItemInput!) { createItem(input: $input) { item { id title isCompleted } } }`;
const UPDATE = gql`mutation Update($input: UpdateItemInput!) { updateItem(input: $input) { item { id isCompleted } } }`;
const FOLLOW = gql`subscription Follow($id: ID!) { replyStream(messageId: $id) { __typename
  ... on ReplyDelta { offset text } ... on ReplyEnded { message { id status text } } } }`;
const CHANGES = gql`subscription Changes($id: ID!) { tableChanges(tableId: $id, after: 0) { number summary } }`;
const TABLE = gql`mutation Table($input: CreateTableInput!) { createTable(input: $input) { table { id } } }`;

const headers = { authorization: `Bearer ${session.accessToken}` };
const http = new HttpLink({
  uri: url,
  headers,
  fetch: (address, options) => {
    bodies.push(options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(address).searchParams));
    return fetch(address, options);
  },
});
const hashes = new PersistedQueryLink({ sha256: (text) => createHash('sha256').update(text).digest('hex') });
const socket = expiringSocket(url, session);
const isSubscription = ({ query }) => getMainDefinition(query).operation === 'subscription';
const cache = () =>
  new InMemoryCache({
    possibleTypes: { ReplyEvent: ['ReplyDelta', 'ReplyProposal', 'ReplyEnded'] },
    typePolicies: { Query: { fields: { items: relayStylePagination() } } },
  });
const client = new ApolloClient({
  link: ApolloLink.split(isSubscription, new GraphQLWsLink(socket.client), hashes.concat(http)),
  cache: cache(),
});

const titles = () => client.readQuery({ query: ITEMS }).items.edges.map(({ node }) => node.title);

async function pagesAndCache() {
  for (const title of ['one', 'two', 'three']) await client.mutate({ mutation: CREATE, variables: { input: { title } } });
  const pages = client.watchQuery({ query: ITEMS });
  const subscription = pages.subscribe({});
  const { data } = await client.query({ query: ITEMS });
  const first = titles();
  await pages.fetchMore({ variables: { after: data.items.pageInfo.endCursor } });
  const both = titles();
  // The answer of a mutation changes the cached item by its id, and a new item joins the list by an update function.
  const { id } = data.items.edges[0].node;
  await client.mutate({ mutation: UPDATE, variables: { input: { id, isCompleted: true } } });
  const updated = client.readQuery({ query: ITEMS }).items.edges.find(({ node }) => node.id === id).node.isCompleted;
  await client.mutate({
    mutation: CREATE,
    variables: { input: { title: 'four' } },
    update: (store, { data: { createItem } }) => {
      store.updateQuery({ query: ITEMS }, ({ items }) => ({
        items: { ...items, edges: [{ __typename: 'ItemEdge', cursor: 'new', node: createItem.item }, ...items.edges] },
      }));
    },
  });
  subscription.unsubscribe();
  return { first, both, updated, after: titles() };
}

async function followed(text) {
  const id = await send(url, session.accessToken);
  await new Promise((resolve, reject) => {
    client.subscribe({ query: FOLLOW, variables: { id } }).subscribe({
      next: ({ data }) => text.add(data.replyStream),
      error: reject,
      complete: resolve,
    });
  });
  return { ...text.report, closings: socket.closings };
}

// Without a socket, Apollo Client asks for subscriptions as multipart responses.
async function multipart() {
  const plain = new ApolloClient({ link: http, cache: cache() });
  const input = { name: 'Things', columns: [{ name: 'Name', type: 'TEXT' }] };
  const { data } = await plain.mutate({ mutation: TABLE, variables: { input } });
  return new Promise((resolve, reject) => {
    const subscription = plain.subscribe({ query: CHANGES, variables: { id: data.createTable.table.id } }).subscribe({
      next: (result) => {
        subscription.unsubscribe();
        resolve(result.data.tableChanges.number);
      },
      error: reject,
    });
  });
}

// The reply first: the token expires while it is followed.
const [following, cached] = await Promise.all([followed(new Text()), pagesAndCache()]);
const hashed = bodies.filter((body) => body.extensions?.persistedQuery);
report({
  ...cached,
  persisted: { withQuery: hashed.filter((body) => body.query).length, total: hashed.length },
  followed: following,
  multipart: await multipart(),
});
