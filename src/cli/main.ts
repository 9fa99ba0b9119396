#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

// `npx` runs with whatever Node is there, and an older one fails later with something nobody understands.
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `holdfast: Node 22.18 or newer is needed, and this is ${process.version}. Install it from https://nodejs.org, or ` +
      'let npm bring it along: npx -p node@24 -p holdfast holdfast …\n',
  )
  process.exitCode = 2
} else {
  // `holdfast users list | head -1`: a reader that has gone is no failure, and must not become an endless one of the log.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const { commandLine } = await import('./command-line.ts')
  process.exitCode = await commandLine(process.argv.slice(2))
  // Whatever a dependency has left open must not hold up who waits for this process to end.
  setTimeout(() => process.exit(), 2_000).unref()
}
