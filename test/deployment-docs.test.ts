/** The examples of docs/deployment.md, as far as they can be checked without a cluster or an nginx. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'

const text = readFileSync(new URL('../docs/deployment.md', import.meta.url), 'utf8')

function snippets(language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, body = '']) => body,
  )
}

/** In how many blocks each line leaves one. */
function depthsOf(lines: readonly string[]): readonly number[] {
  let depth = 0
  return lines.map((line) => {
    if (line.endsWith('{')) depth += 1
    if (line === '}') depth -= 1
    return depth
  })
}

describe('docs/deployment.md', () => {
  it('has manifests for Kubernetes that parse, fit each other, and probe what is there', () => {
    const [manifests = ''] = snippets('yml')
    const parsed = parseAllDocuments(manifests)
    expect(parsed.flatMap((one) => one.errors)).toEqual([])
    const [deployment, service] = parsed.map((one) => one.toJS())
    expect([deployment.kind, service.kind]).toEqual(['Deployment', 'Service'])
    const { template, selector } = deployment.spec
    expect([template.metadata.labels, service.spec.selector]).toEqual([
      selector.matchLabels,
      selector.matchLabels,
    ])
    const [container] = template.spec.containers
    const paths = [container.livenessProbe, container.readinessProbe].map(({ httpGet }) => httpGet.path)
    expect(paths).toEqual(['/_holdfast/live', '/_holdfast/ready'])
    expect(service.spec.ports[0].targetPort).toBe(container.ports[0].name)
    const listen = container.env.find(({ name }: { name: string }) => name === 'HOLDFAST_LISTEN').value
    expect(listen).toBe(`0.0.0.0:${container.ports[0].containerPort}`)
  })

  it('has nginx configuration whose blocks close, whose lines end, and that passes on what a gateway needs', () => {
    const examples = snippets('nginx')
    expect(examples.length).toBeGreaterThan(1)
    for (const example of examples) {
      const lines = example.split('\n').map((line) => line.replace(/\s*#.*$/, '').trim())
      expect(depthsOf(lines).every((depth) => depth >= 0)).toBe(true)
      expect(depthsOf(lines).at(-1)).toBe(0)
      for (const line of lines.filter((one) => one !== '')) expect(line).toMatch(/[;{}]$/)
      for (const header of ['Host $host', 'Upgrade $http_upgrade', 'Connection $connection_upgrade'])
        expect(lines).toContain(`proxy_set_header ${header};`)
      expect(lines).toContain('proxy_buffering off;')
    }
  })
})
