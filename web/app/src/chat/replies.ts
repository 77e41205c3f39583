/**
 * Replies that are being written, followed at the character.
 *
 * The server writes a reply whether or not anybody follows. Each delta says at which code point it belongs, so nothing
 * is lost or doubled when the stream begins again after a lost connection.
 */
import { client } from "../api/client";
import { MessageByIdDocument, ReplyStreamDocument, type ProposalItemFragment } from "../api/generated";
import { stream } from "../api/socket";
import { createStore } from "../ui/store";

export interface LiveReply { text: string; proposals: ReadonlyMap<string, ProposalItemFragment> }

export const replies = createStore<ReadonlyMap<string, LiveReply>>(new Map());
/** Number of replies that have ended; a change means that tables and proposals may be new. */
export const endedReplies = createStore(0);

const followed = new Set<string>();

export function followReply(messageId: string): void {
  if (followed.has(messageId)) return;
  followed.add(messageId);
  let points: string[] = [];
  const proposals = new Map<string, ProposalItemFragment>();
  const show = (): void => {
    replies.set((all) => new Map(all).set(messageId, { text: points.join(""), proposals: new Map(proposals) }));
  };
  const stop = stream(
    ReplyStreamDocument,
    // graphql-ws reads `after` anew when it subscribes again.
    { messageId, get after() { return points.length; } },
    ({ replyStream: event }) => {
      if (event.__typename === "ReplyDelta") points = [...points.slice(0, event.offset), ...event.text];
      else if (event.__typename === "ReplyProposal") proposals.set(event.proposal.id, event.proposal);
      else void end();
      show();
    },
    () => void end(),
  );

  async function end(): Promise<void> {
    if (!followed.delete(messageId)) return;
    stop();
    await client().query(MessageByIdDocument, { id: messageId }, { requestPolicy: "network-only" }).toPromise();
    replies.set((all) => { const rest = new Map(all); rest.delete(messageId); return rest; });
    endedReplies.set((count) => count + 1);
  }
}
