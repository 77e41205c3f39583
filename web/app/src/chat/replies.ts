/**
 * Replies that are being written, followed at the character.
 *
 * The server writes a reply whether or not anybody follows. Each delta says at which code point it belongs, so nothing
 * is lost or doubled when the stream begins again after a lost connection.
 */
import { client } from "../api/client";
import { MessageByIdDocument, ReplyStreamDocument, type MessageByIdQuery, type ProposalItemFragment } from "../api/generated";
import { stream } from "../api/socket";
import { createStore } from "../ui/store";

export interface LiveReply { text: string; proposals: ReadonlyMap<string, ProposalItemFragment> }

export const replies = createStore<ReadonlyMap<string, LiveReply>>(new Map());
/** Number of replies that have ended; a change means that tables and proposals may be new. */
export const endedReplies = createStore(0);

const RETRY_MS = 3_000;

/** Replies with a stream, or with a last question about them on its way. */
const followed = new Set<string>();
const ended = new Set<string>();

export function followReply(messageId: string): void {
  if (followed.has(messageId)) return;
  followed.add(messageId);
  // A response from before the end may come after it, and shows the reply as unfinished again.
  if (ended.has(messageId)) void reload(messageId);
  else follow(messageId);
}

function follow(messageId: string): void {
  let points: string[] = [];
  const proposals = new Map<string, ProposalItemFragment>();
  const stop = stream(
    ReplyStreamDocument,
    // graphql-ws reads `after` anew when it subscribes again.
    { messageId, get after() { return points.length; } },
    ({ replyStream: event }) => {
      if (event.__typename === "ReplyDelta") points = [...points.slice(0, event.offset), ...event.text];
      else if (event.__typename === "ReplyProposal") proposals.set(event.proposal.id, event.proposal);
      else return void end();
      replies.set((all) => new Map(all).set(messageId, { text: points.join(""), proposals: new Map(proposals) }));
    },
    (error) => void (error ? retry() : end()),
  );

  /** A refused stream, as of too many at once, is no end of the reply. */
  async function retry(): Promise<void> {
    stop();
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    const message = await reload(messageId);
    if (message?.status !== "IN_PROGRESS") return end();
    followed.add(messageId);
    follow(messageId);
  }

  async function end(): Promise<void> {
    if (ended.has(messageId)) return;
    ended.add(messageId);
    stop();
    await reload(messageId);
    replies.set((all) => { const rest = new Map(all); rest.delete(messageId); return rest; });
    endedReplies.set((count) => count + 1);
  }
}

/** Bring the stored reply into the cache; until then it counts as followed. */
async function reload(messageId: string): Promise<MessageByIdQuery["message"] | undefined> {
  const { data } = await client().query(MessageByIdDocument, { id: messageId }, { requestPolicy: "network-only" }).toPromise();
  followed.delete(messageId);
  return data?.message;
}
