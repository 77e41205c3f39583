// Documents of Relay, which relay-compiler checks against the schema and compiles into artifacts.
import { graphql } from 'relay-runtime';

export const Items = graphql`
  query itemsQuery {
    ...items_list
  }
`;

export const list = graphql`
  fragment items_list on Query
  @refetchable(queryName: "itemsPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" }) {
    items(first: $count, after: $cursor) @connection(key: "items_items") {
      edges {
        node {
          id
          title
          isCompleted
        }
      }
    }
  }
`;

export const Create = graphql`
  mutation itemsCreateMutation($input: CreateItemInput!, $connections: [ID!]!) {
    createItem(input: $input) {
      itemEdge @prependEdge(connections: $connections) {
        cursor
        node {
          id
          title
          isCompleted
        }
      }
    }
  }
`;

export const Update = graphql`
  mutation itemsUpdateMutation($input: UpdateItemInput!) {
    updateItem(input: $input) {
      item {
        id
        isCompleted
      }
    }
  }
`;

export const Follow = graphql`
  subscription itemsFollowSubscription($id: ID!) {
    replyStream(messageId: $id) {
      __typename
      ... on ReplyDelta {
        offset
        text
      }
      ... on ReplyEnded {
        message {
          id
          status
          text
        }
      }
    }
  }
`;

export const Refetch = graphql`
  query itemsNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      id
      ... on Item {
        title
      }
    }
  }
`;
