// Relay with the artifacts that relay-compiler wrote. Arguments: the address, a session as JSON, the artifacts' folder.
import { createRequire } from 'node:module';
import path from 'node:path';
import { expiringSocket, report, send, Text } from './support.mjs';

const require = createRequire(import.meta.url);
const relay = require('relay-runtime');
const { ConnectionHandler, Environment, Network, Observable, RecordSource, Store, commitMutation, fetchQuery } = relay;
const url = `${process.argv[2]}/graphql`;
const session = JSON.parse(process.argv[3]);
const folder = process.argv[4];
const artifact = (name) => require(path.join(folder, 'artifacts', `${name}.graphql.js`));
const socket = expiringSocket(url, session);

// The artifacts have ids in place of texts; the server has the manifest of them. graphql-ws insists on a query.
async function fetchOperation(operation, variables) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${session.accessToken}` };
  const body = JSON.stringify({ documentId: operation.id, variables });
  return (await fetch(url, { method: 'POST', headers, body })).json();
}

const subscribe = (operation, variables) =>
  Observable.create((sink) => socket.client.subscribe({ query: '', documentId: operation.id, variables }, sink));
const environment = new Environment({
  network: Network.create(fetchOperation, subscribe),
  store: new Store(new RecordSource()),
});
const mutate = (name, variables) =>
  new Promise((resolve, reject) =>
    commitMutation(environment, {
      mutation: artifact(name),
      variables,
      onCompleted: (data, errors) => (errors ? reject(errors) : resolve(data)),
      onError: reject,
    }),
  );
const run = (name, variables = {}) => fetchQuery(environment, artifact(name), variables).toPromise();

function titles() {
  let result;
  environment.commitUpdate((store) => {
    const connection = ConnectionHandler.getConnection(store.getRoot(), 'items_items');
    result = connection.getLinkedRecords('edges').map((edge) => edge.getLinkedRecord('node').getValue('title'));
  });
  return result;
}

const connectionId = () => ConnectionHandler.getConnectionID('client:root', 'items_items');

const value = (id, name) => environment.getStore().getSource().get(id)[name];

function operationOf(name, variables) {
  return relay.createOperationDescriptor(relay.getRequest(artifact(name)), variables);
}

async function followed() {
  const text = new Text();
  const id = await send(url, session.accessToken);
  await new Promise((resolve, reject) => {
    environment
      .executeSubscription({ operation: operationOf('itemsFollowSubscription', { id }) })
      .subscribe({ next: ({ data }) => text.add(data.replyStream), error: reject, complete: resolve });
  });
  return { ...text.report, closings: socket.closings };
}

// The reply first: the token expires while it is followed.
const following = followed();
for (const title of ['one', 'two', 'three']) await mutate('itemsCreateMutation', { input: { title }, connections: [] });
await run('itemsQuery');
const first = titles();
let cursor;
let firstId;
environment.commitUpdate((store) => {
  const connection = ConnectionHandler.getConnection(store.getRoot(), 'items_items');
  cursor = connection.getLinkedRecord('pageInfo').getValue('endCursor');
  firstId = connection.getLinkedRecords('edges')[0].getLinkedRecord('node').getDataID();
});
await run('itemsPageQuery', { count: 2, cursor });
const both = titles();
await mutate('itemsUpdateMutation', { input: { id: firstId, isCompleted: true } });
const updated = value(firstId, 'isCompleted');
await mutate('itemsCreateMutation', { input: { title: 'four' }, connections: [connectionId()] });
const after = titles();
const { node } = await run('itemsNodeQuery', { id: firstId });
report({ first, both, updated, after, node: node.__typename, followed: await following });
