import { mkdir, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Bundles the browser script into `dist/client/client.js` and returns its text. */
export async function buildClient(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/client/main.ts'],
    tsconfig: 'tsconfig.client.json',
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['chrome109', 'firefox115', 'safari16.4'],
    charset: 'utf8',
    legalComments: 'none',
    write: false,
  })
  const text = outputFiles[0]?.text ?? ''
  const folder = `${root}dist/client`
  await mkdir(folder, { recursive: true })
  // Whoever reads the file meanwhile gets the old one or the new one, whole.
  const draft = `${folder}/client.${process.pid}.${Date.now()}.tmp`
  await writeFile(draft, text)
  await rename(draft, `${folder}/client.js`)
  return text
}

if (import.meta.main) await buildClient()
