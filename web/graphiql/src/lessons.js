// Which value of which answer is worth keeping for the later tabs.
const NUMBERS = ["CURRENCY", "DECIMAL", "INTEGER"];

const teachers = {
  signUp: ({ session }) => ({ accessToken: session?.accessToken }),
  logIn: ({ session }) => ({ accessToken: session?.accessToken }),
  refreshSession: ({ session }) => ({ accessToken: session?.accessToken }),
  sendMessage: ({ conversation, reply }) => ({ conversationId: conversation?.id, messageId: reply?.id }),
  tables: ({ nodes }) => fromTable(nodes?.[0]),
  updateCells: ({ rows, revision }, known) => ({ ...fromRows(rows, known), revision: revision?.number }),
  undoRevision: ({ table }, known) => fromRows(table?.rows?.nodes, known),
  startExport: ({ export: job }) => ({ exportId: job?.id }),
};

/** From an answer's `data`: the values by name, without those that it does not hold. */
export function lessons(data, known) {
  const taught = Object.entries(data).map(([field, value]) => value && teachers[field]?.(value, known));
  return Object.fromEntries(
    taught.flatMap((values) => Object.entries(values || {})).filter(([, value]) => value != null),
  );
}

function fromTable(table) {
  const row = table?.rows?.nodes?.[0];
  const column = table?.columns?.find(({ type }) => NUMBERS.includes(type));
  return { tableId: table?.id, column: column?.key, rowId: row?.id, expectedVersion: row?.version };
}

/** The version of the row that the tour edits, once it has changed. */
function fromRows(rows, known) {
  return { expectedVersion: rows?.find(({ id }) => id === known.rowId)?.version };
}
