/** Takes the lock of a file and writes half of a replacement, says so, and never goes on. */
import { replaceFile } from '../../../src/auth/atomic-file.ts'
import { lockFile } from '../../../src/auth/file-lock.ts'

const [path = ''] = process.argv.slice(2)
await lockFile(path, 10)
setInterval(() => undefined, 60_000)
await replaceFile(path, 'users: {}\n', () => {
  process.stdout.write('holding\n')
  return new Promise(() => undefined)
})
