"""Operations that are measured."""

ME = "{ me { id email firstName lastName } }"
CONVERSATIONS = "{ conversations(first: 20) { nodes { id title messageCount lastMessageAt preview } } }"
MESSAGES = """query Messages($id: ID!) { conversation(id: $id) { messages(first: 100) {
  nodes { id role text status createdAt } } } }"""
ROWS = "query Rows($id: ID!) { table(id: $id) { rows(first: 100) { nodes { id position version values } } } }"
UPDATE = """mutation Update($input: UpdateCellsInput!) { updateCells(input: $input) { rows { id version values } } }"""
