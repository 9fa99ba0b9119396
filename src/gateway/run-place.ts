import { dirname, join } from 'node:path'
import type { Config } from './config.ts'
import { storeFile } from './store-choice.ts'

/** Where the app that `run` has started is remembered. */
export function runFilePath({ store, name }: Pick<Config, 'store' | 'name'>): string {
  return join(dirname(storeFile(store) ?? '.holdfast/x'), `run-${name === '' ? 'app' : name}.json`)
}
