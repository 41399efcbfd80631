;; A guest written by hand against the protocol's binary form. What an op does is told by the first letter of its name:
;;   e  echoes its input              l  loops for ever              u  answers with bytes that are not UTF-8
;;   b  finds its input unusable      t  hits `unreachable`          g  grows its memory until it can't
;;   c  counts its calls              r  recurses without end        x  is refused by init
;;   h  makes the hostcall of its own name, with its input           f  makes that hostcall for ever
;;   y  makes the hostcall of what follows the second character of its name, with its input
;;   m  grows its memory by a page and echoes its input
;;   k  keeps the first byte of its input in memory, and answers with the one that was kept before (a digit, `0` at first)
;;   p  tells of a panic, with its input for a text, and traps; with input `1` it goes on to echo it
;;   w  waits: exchanges its input for hostcalls' answers, once it has kept a `w` as k does, and parks if it is asked to;
;;      resumed, it answers with the answers that it is brought
;;   any other letter: no handler
;; {INIT} stands for init's parameters, whose order differs between the shapes, {MAT} for the size of a mat-info.
(module
  (import "metatype:wit-wire/typegate-wire" "hostcall"
    (func $hostcall (param $op i32) (param $op_len i32) (param $json i32) (param $json_len i32) (param $result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "9.9.9no ops\ff\fe")
  (data (i32.const 16) "wit-wire:panic")
  (data (i32.const 160) "wit-wire:parked")
  (data (i32.const 176) "wit-wire:batch")
  (data (i32.const 40000) "0")
  (global $heap (mut i32) (i32.const 1024))
  (global $calls (mut i32) (i32.const 48))

  (func $alloc (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (loop $grow
      (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
        (then
          (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
          (br $grow))))
    (local.get $at))

  ;; A result with one string in it: tag, then tag of the error's case where there is one, then pointer and length.
  (func $ok (param $text i32) (param $len i32) (result i32)
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (local.get $text))
    (i32.store (i32.const 72) (local.get $len))
    (i32.const 64))
  (func $err (param $case i32) (param $text i32) (param $len i32) (result i32)
    (i32.store (i32.const 64) (i32.const 1))
    (i32.store (i32.const 68) (local.get $case))
    (i32.store (i32.const 72) (local.get $text))
    (i32.store (i32.const 76) (local.get $len))
    (i32.const 64))

  (func (export "metatype:wit-wire/mat-wire#init") {INIT} (result i32)
    (if (i32.ne (local.get $version_len) (i32.const 5))
      (then (return (call $err (i32.const 0) (i32.const 0) (i32.const 5)))))
    (if (i32.eqz (local.get $ops_len))
      (then (return (call $err (i32.const 2) (i32.const 5) (i32.const 6)))))
    ;; The first op is refused if its name begins with x.
    (if (i32.eq (i32.load8_u (i32.load (local.get $ops))) (i32.const 120))
      (then
        (drop (call $err (i32.const 1) (i32.const 0) (i32.const 0)))
        (memory.copy (i32.const 72) (local.get $ops) (i32.const {MAT}))
        (return (i32.const 64))))
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (i32.const 1))
    (i32.const 64))

  (func $recurse (param i32) (result i32)
    (i32.add (i32.const 1) (call $recurse (i32.add (local.get 0) (i32.const 1)))))

  (func (export "metatype:wit-wire/mat-wire#handle")
    (param $op i32) (param $op_len i32) (param $json i32) (param $json_len i32) (result i32)
    (local $letter i32)
    (local.set $letter (i32.load8_u (local.get $op)))
    (if (i32.eq (local.get $letter) (i32.const 101)) ;; e
      (then (return (call $ok (local.get $json) (local.get $json_len)))))
    (if (i32.eq (local.get $letter) (i32.const 98)) ;; b
      (then (return (call $err (i32.const 1) (local.get $json) (local.get $json_len)))))
    (if (i32.eq (local.get $letter) (i32.const 99)) ;; c
      (then
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.store8 (i32.const 128) (global.get $calls))
        (return (call $ok (i32.const 128) (i32.const 1)))))
    (if (i32.eq (local.get $letter) (i32.const 121)) ;; y
      (then
        (local.set $op (i32.add (local.get $op) (i32.const 2)))
        (local.set $op_len (i32.sub (local.get $op_len) (i32.const 2)))
        (local.set $letter (i32.const 104))))
    (if (i32.eq (local.get $letter) (i32.const 104)) ;; h
      (then
        (call $hostcall (local.get $op) (local.get $op_len) (local.get $json) (local.get $json_len) (i32.const 96))
        (if (i32.load8_u (i32.const 96))
          (then (return (call $err (i32.const 2) (i32.load (i32.const 100)) (i32.load (i32.const 104))))))
        (return (call $ok (i32.load (i32.const 100)) (i32.load (i32.const 104))))))
    (if (i32.eq (local.get $letter) (i32.const 102)) ;; f
      (then
        (loop $for_ever
          (call $hostcall (local.get $op) (local.get $op_len) (local.get $json) (local.get $json_len) (i32.const 96))
          (br $for_ever))))
    (if (i32.eq (local.get $letter) (i32.const 108)) ;; l
      (then (loop $for_ever (br $for_ever))))
    (if (i32.eq (local.get $letter) (i32.const 116)) ;; t
      (then unreachable))
    (if (i32.eq (local.get $letter) (i32.const 112)) ;; p
      (then
        (call $hostcall (i32.const 16) (i32.const 14) (local.get $json) (local.get $json_len) (i32.const 96))
        (if (i32.eq (local.get $json_len) (i32.const 1)) (then (return (call $ok (local.get $json) (local.get $json_len)))))
        unreachable))
    (if (i32.eq (local.get $letter) (i32.const 114)) ;; r
      (then (return (call $recurse (i32.const 0)))))
    (if (i32.eq (local.get $letter) (i32.const 103)) ;; g
      (then (loop $for_ever (drop (memory.grow (i32.const 16))) (br $for_ever))))
    (if (i32.eq (local.get $letter) (i32.const 109)) ;; m
      (then
        (drop (memory.grow (i32.const 1)))
        (return (call $ok (local.get $json) (local.get $json_len)))))
    (if (i32.eq (local.get $letter) (i32.const 107)) ;; k
      (then
        (i32.store8 (i32.const 40001) (i32.load8_u (i32.const 40000)))
        (i32.store8 (i32.const 40000) (i32.load8_u (local.get $json)))
        (return (call $ok (i32.const 40001) (i32.const 1)))))
    (if (i32.eq (local.get $letter) (i32.const 119)) ;; w
      (then
        (if (i32.eq (i32.load8_u offset=1 (local.get $op)) (i32.const 97)) ;; a
          (then
            (i32.store8 (i32.const 40000) (i32.const 119))
            (call $hostcall (i32.const 176) (i32.const 14) (local.get $json) (local.get $json_len) (i32.const 96))
            (if (i32.load8_u (i32.const 96))
              (then (return (call $err (i32.const 2) (i32.load (i32.const 100)) (i32.load (i32.const 104))))))
            (if (i32.eq (i32.load16_u (i32.load (i32.const 100))) (i32.const 0x7022)) ;; "p
              (then (return (call $ok (i32.const 160) (i32.const 15)))))
            (return (call $ok (i32.load (i32.const 100)) (i32.load (i32.const 104))))))
        ;; Of the protocol's ops, `wit-wire:resume`.
        (if (i32.eq (i32.load8_u offset=12 (local.get $op)) (i32.const 117))
          (then (return (call $ok (local.get $json) (local.get $json_len)))))))
    (if (i32.eq (local.get $letter) (i32.const 117)) ;; u
      (then (return (call $ok (i32.const 11) (i32.const 2)))))
    (call $err (i32.const 0) (i32.const 0) (i32.const 0)))

  (func (export "cabi_post_metatype:wit-wire/mat-wire#init") (param i32) (global.set $heap (i32.const 1024)))
  (func (export "cabi_post_metatype:wit-wire/mat-wire#handle") (param i32) (global.set $heap (i32.const 1024))))
