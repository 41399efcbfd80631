;; What all evil guests share: a guest that keeps to the protocol, and calls one function of another file, `$evil:{NAME}`, at one
;; place, {PLACE}:
;;   0  nowhere                         5  cabi_realloc for handle
;;   1  the start function              6  handle of an op
;;   2  cabi_realloc for init           7  post-return of handle
;;   3  init                            8  handle of `wit-wire:settle`
;;   4  post-return of init
;; What that function may write: at 52 whether cabi_realloc answers with what is at 56, at 60 where the answer lies, at 64 the answer,
;; at 96 the answer of a hostcall. From 4096 on is the heap.
(module
  (import "metatype:wit-wire/typegate-wire" "hostcall"
    (func $hostcall (param $op i32) (param $op_len i32) (param $json i32) (param $json_len i32) (param $result i32)))
  {EVIL}
  (memory (export "memory") 1)
  (data (i32.const 0) "null")
  (data (i32.const 12) "\00\10\00\00") ;; where the heap's free part begins

  (func $at (param $place i32)
    (if (i32.eq (local.get $place) (i32.const {PLACE})) (then (call $evil:{NAME}))))

  (func $start (call $at (i32.const 1)))
  (start $start)

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    ;; Only the list that init is given has records in it.
    (if (i32.eq (local.get $align) (i32.const 4)) (then (call $at (i32.const 2))))
    (if (i32.load (i32.const 8)) (then (call $at (i32.const 5))))
    (if (i32.load (i32.const 52)) (then (return (i32.load (i32.const 56)))))
    (local.set $at (i32.and (i32.add (i32.load (i32.const 12)) (i32.const 7)) (i32.const -8)))
    (i32.store (i32.const 12) (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "metatype:wit-wire/mat-wire#init")
    (param $ops i32) (param $ops_len i32) (param $version i32) (param $version_len i32) (result i32)
    (i32.store (i32.const 60) (i32.const 64))
    (i32.store (i32.const 64) (i32.const 0)) ;; ok
    (i32.store (i32.const 68) (i32.const 1)) ;; true
    (call $at (i32.const 3))
    (i32.store (i32.const 8) (i32.const 1))
    (i32.load (i32.const 60)))
  (func (export "cabi_post_metatype:wit-wire/mat-wire#init") (param i32)
    (i32.store (i32.const 12) (i32.const 4096))
    (call $at (i32.const 4)))

  (func (export "metatype:wit-wire/mat-wire#handle")
    (param $op i32) (param $op_len i32) (param $json i32) (param $json_len i32) (result i32)
    (i32.store (i32.const 60) (i32.const 64))
    (if (i32.eq (i32.load8_u (local.get $op)) (i32.const 119)) ;; w, of wit-wire:settle
      (then
        (call $at (i32.const 8))
        (i32.store (i32.const 64) (i32.const 1)) ;; err
        (i32.store (i32.const 68) (i32.const 0)) ;; no-handler
        (return (i32.load (i32.const 60)))))
    (i32.store (i32.const 64) (i32.const 0)) ;; ok
    (i32.store (i32.const 68) (i32.const 0)) ;; null
    (i32.store (i32.const 72) (i32.const 4))
    (call $at (i32.const 6))
    (i32.load (i32.const 60)))
  (func (export "cabi_post_metatype:wit-wire/mat-wire#handle") (param i32)
    (i32.store (i32.const 12) (i32.const 4096))
    (if (i32.load (i32.const 8)) (then (call $at (i32.const 7))))))
