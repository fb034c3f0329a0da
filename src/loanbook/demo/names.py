"""Names that make up the demo's people.

Given names and surnames are common ones in Brazil, put together by chance; no list of real people
was used. None holds a comma or a quotation mark, so that contacts.csv needs no quoting.
"""

from __future__ import annotations

_GIVEN = """
Adriana, Alan, Alice, Aline, Amanda, Ana, André, Antônia, Antônio, Arthur, Ayrton, Bárbara,
Beatriz, Benício, Bernardo, Breno, Bruna, Bruno, Caio, Camila, Carla, Carlos, Cauã, Cecília,
César, Clara, Cláudia, Cristiano, Daniel, Daniela, Davi, Débora, Diego, Diogo, Edson, Eduarda,
Eduardo, Elaine, Eliane, Elisa, Emanuel, Érica, Estêvão, Fabiana, Fábio, Felipe, Fernanda,
Fernando, Flávia, Francisca, Francisco, Gabriel, Gabriela, Giovana, Glória, Guilherme, Gustavo,
Heitor, Helena, Heloísa, Henrique, Hugo, Igor, Inês, Isabel, Isadora, Ivan, Jaqueline, Jéssica,
João, Joaquim, Jonas, Jorge, José, Josué, Júlia, Juliana, Júlio, Karina, Laís, Lara, Larissa,
Laura, Leandro, Letícia, Lívia, Lorena, Lucas, Luciana, Luís, Luíza, Manuela, Marcela, Márcia,
Marcos, Maria, Mariana, Márcio, Mateus, Melissa, Miguel, Mônica, Murilo, Natália, Nicolas,
Olívia, Otávio, Patrícia, Paula, Paulo, Pedro, Priscila, Rafael, Rafaela, Raquel, Regina, Renan,
Renata, Ricardo, Roberto, Rodrigo, Rosana, Samuel, Sandra, Sara, Sérgio, Sílvia, Simone, Sofia,
Sônia, Tainá, Tatiana, Thiago, Tomás, Valentina, Vanessa, Vera, Vicente, Vinícius, Vitória,
Yara, Yasmin
"""

_MIDDLE = """
Abreu, Alencar, Amaral, Andrade, Araújo, Assunção, Azevedo, Bastos, Borges, Braga, Brandão,
Cardoso, Carneiro, Castro, Chaves, Corrêa, Coutinho, da Conceição, da Costa, da Cruz, da Cunha,
da Luz, da Rocha, da Silva, D'Angelo, D'Ávila, de Almeida, de Assis, de Barros, de Brito,
de Freitas, de Jesus, de Lima, de Moraes, de Oliveira, de Paula, de Souza, do Carmo,
do Nascimento, dos Anjos, dos Reis, dos Santos, Duarte, Fagundes, Farias, Fonseca, Galvão,
Guimarães, Leite, Magalhães, Maia, Mendonça, Menezes, Mesquita, Moura, Muniz, Neves, Pacheco,
Paiva, Pinheiro, Queiroz, Rangel, Sampaio, Sant'Anna, Siqueira, Toledo, Valente, Vargas,
Vasconcelos, Xavier
"""

_FAMILY = """
Aguiar, Alves, Antunes, Aragão, Arruda, Barbosa, Barreto, Batista, Bezerra, Bittencourt, Bueno,
Camargo, Campos, Cavalcanti, Cordeiro, D'Alessandro, D'Elia, Dantas, Dias, Domingues, Dutra,
Esteves, Evangelista, Falcão, Fernandes, Ferraz, Ferreira, Figueiredo, Franco, Furtado, Gomes,
Gonçalves, Gouveia, Lacerda, Leal, Lemos, Lopes, Loureiro, Machado, Marques, Martins, Medeiros,
Meireles, Melo, Mendes, Miranda, Monteiro, Moreira, Nogueira, Novaes, Nunes, Ornelas, Peixoto,
Pereira, Pimentel, Pires, Pontes, Portela, Prado, Ramos, Rezende, Ribeiro, Rodrigues, Romão,
Salgado, Saldanha, Santana, Santiago, Serra, Soares, Tavares, Teixeira, Teles, Torres, Trindade,
Valadão, Viana, Vidal, Vieira, Vilela, Zanetti
"""


def _words(block: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in block.split(","))


GIVEN = _words(_GIVEN)
MIDDLE = _words(_MIDDLE)
"""The first of two surnames, with its particle."""
FAMILY = _words(_FAMILY)
