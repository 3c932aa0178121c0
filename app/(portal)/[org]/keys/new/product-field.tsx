'use client'

import { type ReactNode, useState } from 'react'
import { SelectField } from '@/components/form'

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
  const [chosen, setChosen] = useState('')
  const isWhole = products.some((product) => product.id === chosen && product.whole)
  return (
    <>
      <SelectField
        name="productId"
        label={label}
        initial=""
        options={[
          { value: '', text: choose },
          ...products.map(({ id, name }) => ({ value: id, text: name })),
        ]}
        onChange={setChosen}
        required
      />
      {isWhole ? <p className="text-muted">{whole}</p> : children}
    </>
  )
}
