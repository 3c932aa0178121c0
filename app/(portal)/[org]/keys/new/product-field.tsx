'use client'

import type { ReactNode } from 'react'
import { SelectField } from '@/components/form'
import { useTyped } from '@/components/typed'

/**
 * The product and, where its keys are each for one instance, the instance. Before JavaScript has loaded both are asked
 * for; a hint says of which products the second stays empty, and the server refuses what does not fit.
 */
export function ProductField({
  label,
  choose,
  whole,
  products,
  children,
}: {
  label: string
  choose: string
  /** What is said in the instance's place. */
  whole: string
  products: { id: string; name: string; whole: boolean }[]
  /** The field of the instance. */
  children: ReactNode
}) {
  const { typed: chosen, around } = useTyped()
  const isWhole = products.some((product) => product.id === chosen && product.whole)
  return (
    <>
      <div {...around}>
        <SelectField
          name="productId"
          label={label}
          initial=""
          options={[
            { value: '', text: choose },
            ...products.map(({ id, name }) => ({ value: id, text: name })),
          ]}
          required
        />
      </div>
      {isWhole ? <p className="text-muted">{whole}</p> : children}
    </>
  )
}
