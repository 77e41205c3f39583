// Writes the typed documents of each operation. A schema change that breaks the page fails here.
import type { CodegenConfig } from "@graphql-codegen/cli";

const generate = (documents: string[]) => ({
  documents,
  plugins: ["typescript-operations", "typed-document-node"],
  config: {
    useTypeImports: true,
    skipTypename: true,
    scalars: { DateTime: "string", Date: "string", Decimal: "string", ID: "string", JSON: "unknown", Upload: "File" },
  },
});

const config: CodegenConfig = {
  schema: "../../schema/schema.graphql",
  silent: true,
  generates: {
    "src/api/generated.ts": generate(["src/**/*.graphql", "!src/api/signIn/*"]),
    // Apart, so that the form for signing in does not wait for the operations of the rest.
    "src/api/signIn/generated.ts": generate(["src/api/signIn/*.graphql"]),
  },
};

export default config;
