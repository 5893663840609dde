// Preloaded into a process by a test: at its end, tells which native libraries it loaded.
process.on('exit', () => {
  const { sharedObjects } = process.report.getReport();
  process.stderr.write(`native libraries: ${sharedObjects.join(' ')}\n`);
});
