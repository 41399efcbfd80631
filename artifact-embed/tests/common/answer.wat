;; The source of `answer.wasm`, which `wasm-tools parse answer.wat -o answer.wasm` makes of it.
(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 0) "Archives hold machine code and the memory that it starts with.")
    (func (export "answer") (result i32) (i32.const 42)))
  (core instance $i (instantiate $m))
  (func (export "answer") (result u32) (canon lift (core func $i "answer"))))
