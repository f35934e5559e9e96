"""Seasons, sizes and the people that a product is for."""

from gencls.sources.relevance.catalogue.trait import Trait

SEASONS = {
    "winter": Trait(
        before=("winter", "cold-weather"),
        after=("for winter", "for cold days", "for snow and ice", "for freezing weather", "for the winter months"),
        without=(),
        yes=(
            "made for the cold months",
            "just right when it snows",
            "I use {them} from December to February",
            "my first choice on freezing days",
            "winter can come now",
            "nothing better when it is cold outside",
            "made for freezing days",
        ),
        no=("{it} {is} no good in winter", "useless when it is freezing", "not for cold days"),
        bystander="winter",
    ),
    "summer": Trait(
        before=("summer", "hot-weather"),
        after=("for summer", "for hot days", "for the heat", "for a beach holiday", "for the summer months"),
        without=(),
        yes=(
            "made for the hot months",
            "just right when the sun burns",
            "I use {them} from June to August",
            "my first choice on hot days",
            "summer can come now",
            "nothing better when it is hot outside",
            "made for hot days",
        ),
        no=("{it} {is} no good in summer", "useless in the heat", "not for hot days"),
        bystander="summer",
    ),
    "mild": Trait(
        before=("spring", "autumn"),
        after=("for spring", "for autumn", "for mild days", "for in-between weather", "for spring and autumn"),
        without=(),
        yes=(
            "made for spring and autumn",
            "just right when it is neither hot nor cold",
            "I use {them} in April and October",
            "my first choice on mild days",
            "autumn can come now",
            "for the weeks between the seasons",
            "made for mild days",
        ),
        no=(),
        bystander="autumn",
    ),
}

SIZES = {
    "small": Trait(
        before=("small", "compact", "tiny"),
        after=("that {is} not too big", "that need{s} little room", "in a small size", "in small"),
        without=("but not a small size", "not too small"),
        yes=(
            "{it} {is} tiny",
            "hardly any room needed",
            "smaller than it looks in the picture",
            "this is the smallest size",
            "as compact as it gets",
            "the size is small",
            "surprisingly little",
        ),
        no=("{it} {is} not small at all", "not the compact size I had in mind"),
        bystander="small",
    ),
    "large": Trait(
        before=("large", "big", "extra-large"),
        after=("in a large size", "that {is} not too little", "in extra large", "in large"),
        without=("but not a large size", "not too big or bulky"),
        yes=(
            "{it} {is} huge",
            "bigger than it looks in the picture",
            "this is the largest size",
            "a size for giants",
            "as big as it gets",
            "the size is large",
            "surprisingly big",
        ),
        no=("{it} {is} not large at all", "not the generous size I had in mind"),
        bystander="large",
    ),
}

AUDIENCES = {
    "women": Trait(
        before=("women's", "ladies'"),
        after=("for women", "for my wife", "for my mother", "for ladies", "for my girlfriend", "for women like my mother"),
        without=(),
        yes=(
            "made with women in mind",
            "I bought {them} for my wife",
            "my mother has wanted {them} for ages",
            "this is the women's model",
            "a present for my girlfriend, who is delighted",
            "from the ladies' department",
            "a present for my wife",
        ),
        no=(),
        bystander="women's",
    ),
    "men": Trait(
        before=("men's", "gentlemen's"),
        after=("for men", "for my husband", "for my father", "for gentlemen", "for my boyfriend", "for men like my father"),
        without=(),
        yes=(
            "made with men in mind",
            "I bought {them} for my husband",
            "my father has wanted {them} for ages",
            "this is the men's model",
            "a present for my boyfriend, who is delighted",
            "from the gentlemen's department",
            "a present for my husband",
        ),
        no=(),
        bystander="men's",
    ),
    "children": Trait(
        before=("children's", "kids'"),
        after=("for children", "for my daughter", "for kids", "for a little boy", "for a six-year-old", "for my little daughter"),
        without=(),
        yes=(
            "made with children in mind",
            "I bought {them} for my daughter",
            "my six-year-old has wanted {them} for ages",
            "this is the kids' model",
            "a present for our little boy, who is delighted",
            "from the children's department",
            "a present for my daughter",
        ),
        no=(),
        bystander="children's",
    ),
}
