// Operations of a front end in TypeScript: the code generator types their variables and results.
import { graphql } from './generated/gql.js';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';

declare function execute<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data>;

const Items = graphql(`
  query TypedItems($first: Int, $after: String) {
    items(first: $first, after: $after) {
      nodes {
        id
        title
        createdAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const Update = graphql(`
  mutation TypedUpdate($input: UpdateCellsInput!) {
    updateCells(input: $input) {
      rows {
        id
        version
        cells {
          text
          column {
            type
          }
        }
      }
    }
  }
`);

const Summary = graphql(`
  query TypedSummary($id: ID!, $column: ID!) {
    table(id: $id) {
      summary(column: $column) {
        sum
        count
      }
    }
  }
`);

const Follow = graphql(`
  subscription TypedFollow($id: ID!) {
    replyStream(messageId: $id) {
      __typename
      ... on ReplyDelta {
        offset
        text
      }
      ... on ReplyEnded {
        message {
          status
        }
      }
    }
  }
`);

export async function use(id: string): Promise<string> {
  const { items } = await execute(Items, { first: 10 });
  const titles: string[] = items.nodes.map((item) => item.title);
  const cursor: string | null | undefined = items.pageInfo.endCursor;
  const changed = await execute(Update, { input: { tableId: id, cells: [{ rowId: id, column: 'c1', value: 7 }] } });
  const versions: number[] = changed.updateCells.rows.map((row) => row.version);
  const { table } = await execute(Summary, { id, column: 'c1' });
  // Decimals are strings, so that no digit is lost.
  const sum: string | null | undefined = table?.summary[0]?.sum;
  const { replyStream: event } = await execute(Follow, { id });
  const piece = event.__typename === 'ReplyDelta' ? event.text : '';
  // @ts-expect-error an argument of another type is a mistake
  await execute(Items, { first: 'ten' });
  // @ts-expect-error a field that was not selected is a mistake
  items.nodes[0]?.description;
  return [...titles, ...versions.map(String), cursor ?? '', sum ?? '', piece].join();
}
