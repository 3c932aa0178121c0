// Imported first: what comes after may use what only this version has.
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  process.stderr.write(
    `This needs Node 24, and runs on ${process.version}. The project brings its own: run "npm ci", then start with "npm run demo".\n`,
  )
  process.exit(1)
}
