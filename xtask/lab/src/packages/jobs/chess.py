import io

import chess
import chess.pgn
import chess.svg


def games(given="1. e4 e5 2. Qh5 Nc6 3. Bc4 Nf6?? 4. Qxf7# 1-0"):
    """Plays a game from its notation, and counts moves."""
    game = chess.pgn.read_game(io.StringIO(given))
    board = game.end().board()
    start = chess.Board()

    def count(depth):
        if depth == 0:
            return 1
        total = 0
        for move in list(start.legal_moves):
            start.push(move)
            total += count(depth - 1)
            start.pop()
        return total

    return [
        board.fen(),
        board.is_checkmate(),
        str(board),
        count(2),
        game.mainline_moves().__str__(),
        len(chess.svg.board(board)),
    ]
