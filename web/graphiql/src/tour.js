// The tour: ready-made tabs with their variables, in order.
import exportProgress from "./tour/exportProgress.graphql";
import history from "./tour/history.graphql";
import logIn from "./tour/logIn.graphql";
import me from "./tour/me.graphql";
import replyStream from "./tour/replyStream.graphql";
import sendMessage from "./tour/sendMessage.graphql";
import signUp from "./tour/signUp.graphql";
import startExport from "./tour/startExport.graphql";
import tables from "./tour/tables.graphql";
import undoRevision from "./tour/undoRevision.graphql";
import updateCells from "./tour/updateCells.graphql";

import { defaultHeaders } from "./headers.js";
import { placeholder } from "./known.js";

const account = { email: "ada@example.com", password: "paper-lantern-orbit-47" };

export const tour = [
  tab(signUp, account),
  tab(logIn, account),
  tab(me),
  tab(sendMessage, { conversationId: null }),
  tab(replyStream, { messageId: placeholder("messageId"), after: 0 }),
  tab(tables, { conversationId: placeholder("conversationId") }),
  tab(updateCells, {
    tableId: placeholder("tableId"),
    rowId: placeholder("rowId"),
    column: placeholder("column"),
    value: "18.40",
    expectedVersion: placeholder("expectedVersion"),
  }),
  tab(history, { tableId: placeholder("tableId") }),
  tab(undoRevision, { tableId: placeholder("tableId"), revision: placeholder("revision") }),
  tab(startExport, { tableId: placeholder("tableId"), destination: "XLSX" }),
  tab(exportProgress, { exportId: placeholder("exportId") }),
];

function tab(query, variables = {}) {
  return { query, variables: JSON.stringify(variables, null, 2), headers: defaultHeaders() };
}
