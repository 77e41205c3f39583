// Writes src/api/generated.ts: one typed document for each operation. A schema change that breaks the page fails here.
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema/schema.graphql",
  documents: "src/**/*.graphql",
  silent: true,
  generates: {
    "src/api/generated.ts": {
      plugins: ["typescript-operations", "typed-document-node"],
      config: {
        useTypeImports: true,
        skipTypename: true,
        scalars: { DateTime: "string", Date: "string", Decimal: "string", ID: "string", JSON: "unknown", Upload: "File" },
      },
    },
  },
};

export default config;
