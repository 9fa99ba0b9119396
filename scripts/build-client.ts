import { mkdir, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../', import.meta.url))

/** The text of each script that the gateway hands to browsers. */
export interface BrowserScripts {
  readonly client: string
  readonly streamlit: string
}

/** Bundles the browser scripts into `dist/client` and returns their texts. */
export async function buildClient(): Promise<BrowserScripts> {
  const [client, streamlit] = await Promise.all([
    bundle('src/client/main.ts', 'client.js'),
    bundle('src/client/streamlit.ts', 'streamlit.js'),
    bundle('src/client/passkey.ts', 'passkey.js'),
  ])
  return { client, streamlit }
}

async function bundle(entryPoint: string, name: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entryPoint],
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
  const draft = `${folder}/${name}.${process.pid}.${Date.now()}.tmp`
  await writeFile(draft, text)
  await rename(draft, `${folder}/${name}`)
  return text
}

if (import.meta.main) await buildClient()
