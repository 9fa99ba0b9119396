#!/usr/bin/env node
import { commandLine } from './command-line.ts'

process.exitCode = await commandLine(process.argv.slice(2))
// Whatever a dependency has left open must not hold up who waits for this process to end.
setTimeout(() => process.exit(), 2_000).unref()
