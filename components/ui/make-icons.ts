import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The lucide icons in use, by lucide's own names. After a change here: `npm run icons`. */
const iconNames = [
  'arrow-left',
  'arrow-left-right',
  'arrow-right',
  'ban',
  'building-complex',
  'calendar',
  'check',
  'chevron-down',
  'chevron-right',
  'chevrons-up-down',
  'circle-exclamation-point',
  'circle-check',
  'circle-user',
  'clock',
  'copy',
  'credit-card',
  'download',
  'ellipsis',
  'external-link',
  'eye',
  'eye-off',
  'file-text',
  'flask-conical',
  'house',
  'inbox',
  'info',
  'key',
  'languages',
  'link',
  'list',
  'loader-circle',
  'lock',
  'log-out',
  'mail',
  'menu',
  'monitor',
  'moon',
  'package',
  'pencil',
  'plus',
  'rotate-cw',
  'search',
  'server',
  'settings',
  'shield',
  'sun',
  'trash',
  'triangle-exclamation-point',
  'undo-2',
  'users',
  'x',
]

type ShapeNode = [tag: string, attributes: Record<string, string>]

/**
 * Reads the named icons from lucide-react.
 * @returns the text of `public/icons.svg`, one symbol per icon, and that of `icon-names.ts`, which names them and says
 *   which version of the file they are in.
 */
export async function makeIcons(): Promise<{ sprite: string; names: string }> {
  const symbols = await Promise.all(
    iconNames.map(async (name) => {
      // as: lucide's types name the component only, and the data beside it is what is wanted here
      const icon = (await import(`lucide-react/icons/${name}`)) as { __iconData: { node: ShapeNode[] } }
      return `<symbol id="${name}" viewBox="0 0 24 24">${icon.__iconData.node.map(markup).join('')}</symbol>\n`
    }),
  )
  const sprite = `<svg xmlns="http://www.w3.org/2000/svg">\n<!-- Lucide, https://lucide.dev, ISC license -->\n${symbols.join('')}</svg>\n`
  const version = createHash('sha256').update(sprite).digest('hex').slice(0, 6)
  const union = iconNames.map((name) => `\n  | '${name}'`).join('')
  const names = `// Made by make-icons.ts with public/icons.svg; do not edit.\nexport const iconFile = '/icons.svg?${version}'\n\nexport type IconName =${union}\n`
  return { sprite, names }
}

function markup([tag, attributes]: ShapeNode): string {
  const text = Object.entries(attributes)
    .filter(([name]) => name !== 'key')
    .map(([name, value]) => ` ${name}="${value}"`)
    .join('')
  return `<${tag}${text}/>`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { sprite, names } = await makeIcons()
  writeFileSync(new URL('../../public/icons.svg', import.meta.url), sprite)
  writeFileSync(new URL('icon-names.ts', import.meta.url), names)
}
