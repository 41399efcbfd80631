;; The smallest module that speaks the protocol: it answers each op with `null`. {MODULE} stands for more fields.
(module
  (memory (export "memory") 1)
  (data (i32.const 0) "null")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "metatype:wit-wire/mat-wire#init") (param i32 i32 i32 i32) (result i32)
    (i32.store8 (i32.const 68) (i32.const 1)) ;; ok(true)
    (i32.const 64))
  (func (export "metatype:wit-wire/mat-wire#handle") (param i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 104) (i32.const 4)) ;; ok("null")
    (i32.const 96))
  {MODULE})
