;; A guest that does as the letters of its op's name say: the first when it is called, the second each time it is resumed.
;; Its exchange is the input of the call. {RESEED} is the letter of what it does when it is to draw new random numbers.
;;   p  makes its exchange, and parks if it is asked to         n  says that it is parked, and was not asked
;;   q  makes its exchange, and answers `1`                     h  makes its exchange, then another hostcall, and says that it is parked
;;   l  makes its exchange, and loops for ever                  t  makes its exchange, and traps
;;   s  makes its exchange, computes for long, and parks        b  writes to megabytes of memory, and does as p
;;   e  echoes what it is given                                 u  answers with bytes that are not UTF-8
;;   0  has no handler
(module
  (import "metatype:wit-wire/typegate-wire" "hostcall"
    (func $hostcall (param $op i32) (param $op_len i32) (param $json i32) (param $json_len i32) (param $result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "wit-wire:batch")
  (data (i32.const 16) "wit-wire:parked")
  (data (i32.const 32) "echo1\ff\fe")
  ;; 64: results; 96: answers of hostcalls; 128: letters; 132: length of the exchange; 60000: the exchange
  (global $heap (mut i32) (i32.const 1024))

  (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (global.get $heap) (i32.const 60000)) (then unreachable))
    (local.get $at))

  (func $ok (param $text i32) (param $len i32) (result i32)
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (local.get $text))
    (i32.store (i32.const 72) (local.get $len))
    (i32.const 64))
  (func $parked (result i32) (call $ok (i32.const 16) (i32.const 15)))

  (func (export "metatype:wit-wire/mat-wire#init") (param i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (i32.const 1))
    (i32.const 64))

  (func $act (param $letter i32) (param $json i32) (param $len i32) (result i32)
    (local $left i32)
    (if (i32.eq (local.get $letter) (i32.const 48)) ;; 0
      (then
        (i32.store (i32.const 64) (i32.const 1))
        (i32.store (i32.const 68) (i32.const 0))
        (return (i32.const 64))))
    (if (i32.eq (local.get $letter) (i32.const 101)) (then (return (call $ok (local.get $json) (local.get $len))))) ;; e
    (if (i32.eq (local.get $letter) (i32.const 110)) (then (return (call $parked)))) ;; n
    (if (i32.eq (local.get $letter) (i32.const 117)) (then (return (call $ok (i32.const 37) (i32.const 2))))) ;; u
    (if (i32.eq (local.get $letter) (i32.const 98)) ;; b
      (then
        (local.set $left (memory.grow (i32.const 64)))
        (memory.fill (i32.mul (local.get $left) (i32.const 65536)) (i32.const 7) (i32.const 4194304))))
    (call $hostcall (i32.const 0) (i32.const 14) (i32.const 60000) (i32.load (i32.const 132)) (i32.const 96))
    (if (i32.eq (local.get $letter) (i32.const 113)) (then (return (call $ok (i32.const 36) (i32.const 1))))) ;; q
    (if (i32.eq (local.get $letter) (i32.const 116)) (then unreachable)) ;; t
    (if (i32.eq (local.get $letter) (i32.const 108)) (then (loop $for_ever (br $for_ever)))) ;; l
    (if (i32.eq (local.get $letter) (i32.const 104)) ;; h
      (then
        (call $hostcall (i32.const 32) (i32.const 4) (i32.const 36) (i32.const 1) (i32.const 96))
        (return (call $parked))))
    (if (i32.eq (local.get $letter) (i32.const 115)) ;; s
      (then
        (local.set $left (i32.const 30000000))
        (loop $again
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $again (local.get $left)))))
    (if (i32.eqz (i32.load8_u (i32.const 96)))
      (then (if (i32.eq (i32.load16_u (i32.load (i32.const 100))) (i32.const 0x7022)) (then (return (call $parked)))))) ;; "p
    (call $ok (i32.load (i32.const 100)) (i32.load (i32.const 104))))

  (func (export "metatype:wit-wire/mat-wire#handle")
    (param $op i32) (param $op_len i32) (param $json i32) (param $len i32) (result i32)
    (if (i32.gt_u (local.get $op_len) (i32.const 12))
      (then
        (if (i32.eq (i32.load8_u offset=12 (local.get $op)) (i32.const 117)) ;; resume
          (then (return (call $act (i32.load8_u (i32.const 129)) (local.get $json) (local.get $len)))))
        (if (i32.eq (i32.load8_u offset=12 (local.get $op)) (i32.const 101)) ;; reseed
          (then
            (if (i32.eq (i32.load8_u offset=11 (local.get $op)) (i32.const 115))
              (then (return (call $act (i32.const {RESEED}) (local.get $json) (local.get $len)))))))
        (return (call $act (i32.const 48) (local.get $json) (local.get $len)))))
    (i32.store16 (i32.const 128) (i32.load16_u (local.get $op)))
    (i32.store (i32.const 132) (local.get $len))
    (memory.copy (i32.const 60000) (local.get $json) (local.get $len))
    (call $act (i32.load8_u (i32.const 128)) (local.get $json) (local.get $len)))

  (func (export "cabi_post_metatype:wit-wire/mat-wire#init") (param i32) (global.set $heap (i32.const 1024)))
  (func (export "cabi_post_metatype:wit-wire/mat-wire#handle") (param i32) (global.set $heap (i32.const 1024))))
