// Monaco's workers, from this origin: the policy allows no blob and no other host.
// WORKERS is put in by the build: the built files' addresses by Monaco's label.
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(WORKERS[label] ?? WORKERS.editor, { name: label }),
};
